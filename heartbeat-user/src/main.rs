//! `heartbeat`: the agent and the commands that talk to it.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;
use heartbeat_user::arguments::{Arguments, KeyVerb, MaintenanceVerb, Verb};
use heartbeat_user::commands::status::Form;
use heartbeat_user::commands::{
    self, Exit, NoAgent, Undelivered, diagnose, events, explain, messages, orders, replay,
};
use heartbeat_user::diagnose::weigh::Focus;
use heartbeat_user::xdp::Trace;
use heartbeat_user::{agent, check, logging};

fn main() -> ExitCode {
    let exit = run(Arguments::parse().verb).unwrap_or_else(|error| {
        if commands::is_closed_pipe(&error) {
            return Exit::Well;
        }
        eprintln!("heartbeat: {error:#}");
        if error.is::<NoAgent>() {
            Exit::NoAgent
        } else if error.is::<Undelivered>() {
            Exit::Undelivered
        } else if error.is::<agent::Failed>() {
            Exit::Degraded
        } else {
            Exit::Wrong
        }
    });
    ExitCode::from(exit as u8)
}

fn run(verb: Verb) -> Result<Exit> {
    match verb {
        Verb::Check { local, key, json } => check::run(&check::Options {
            config: local.config,
            node: local.node,
            key,
            form: if json {
                check::Form::Json
            } else {
                check::Form::Text
            },
        })
        .map(|()| Exit::Well),
        Verb::Run {
            local,
            trace_frames,
        } => {
            logging::start();
            let trace = if trace_frames {
                Trace::Refused
            } else {
                Trace::Off
            };
            agent::run(&agent::Options {
                config: local.config,
                node: local.node,
                trace,
            })
            .map(|()| Exit::Well)
        }
        Verb::Status {
            agent,
            json,
            brief,
            watch,
        } => {
            let form = match (json, brief) {
                (true, _) => Form::Json,
                (false, true) => Form::Brief,
                (false, false) => Form::Table,
            };
            if watch {
                commands::status::watch::run(&agent.socket)
            } else {
                commands::status::run(&agent.socket, form)
            }
        }
        Verb::Events {
            agent,
            follow,
            json,
            since,
            cursor,
            exec,
        } => {
            let options = events::Options {
                follow,
                json,
                since,
                cursor,
                exec,
            };
            events::run(&agent.socket, &options)
        }
        Verb::Explain {
            agent,
            seq,
            peer,
            network,
            at,
        } => {
            let wanted = explain::Wanted {
                seq,
                peer,
                network,
                at,
            };
            explain::run(&agent.socket, &wanted)
        }
        Verb::Diagnose {
            local,
            socket,
            peer,
            network,
            json,
        } => diagnose::run(&diagnose::Options {
            config: local.config,
            node: local.node,
            socket,
            focus: Focus { peer, network },
            form: if json {
                diagnose::Form::Json
            } else {
                diagnose::Form::Text
            },
        }),
        Verb::Send { agent, to } => messages::send(&agent.socket, to),
        Verb::Receive { agent, count, json } => {
            let form = if json {
                messages::Form::Json
            } else {
                messages::Form::Text
            };
            messages::receive(&agent.socket, form, count)
        }
        Verb::Reload(agent) => orders::reload(&agent.socket),
        Verb::Leave(agent) => orders::leave(&agent.socket),
        Verb::Maintenance(verb) => maintenance(verb),
        Verb::Replay { file, json } => {
            let form = if json {
                replay::Form::Json
            } else {
                replay::Form::Short
            };
            replay::run(&file, form)
        }
        Verb::Key(KeyVerb::Generate { id }) => commands::key::generate(id),
        Verb::Detach(local) => {
            commands::detach::run(Path::new(&local.config), local.node.as_deref())
        }
    }
}

fn maintenance(verb: MaintenanceVerb) -> Result<Exit> {
    match verb {
        MaintenanceVerb::On {
            agent,
            scope,
            lasting,
            why,
        } => orders::begin(&agent.socket, scope.into(), lasting, why),
        MaintenanceVerb::Off { agent, scope } => orders::end(&agent.socket, scope.into()),
        MaintenanceVerb::Show(agent) => orders::show(&agent.socket),
    }
}
