//! How nodes ask each other how they are set up.
//!
//! An inquiry is sent again like a parcel, over the next path each time, because a network is in trouble when somebody
//! asks. Membership is not asked for: the node that was removed is the one that one wants to hear of. The look at this
//! host's interfaces is made by a thread beside the loop.

use std::sync::Arc;

use heartbeat_ebpf::ids::NodeId;
use heartbeat_ebpf::time::Timestamp;
use tokio::sync::oneshot;

use super::Agent;
use super::hearing::Heard;
use crate::clock;
use crate::diagnose::collect;
use crate::message::datagram::{Class, Envelope};
use crate::message::fragment;
use crate::message::inquiry::{GIVEN_UP, Inquiry, Next, SETTINGS_MAX};
use crate::request::{Request, Told};

impl Agent {
    /// Asks the node with this name how it is set up, or says why not.
    pub(super) fn inquire(&mut self, name: &str, answer: oneshot::Sender<Told>) {
        let peer = self
            .addressee(name)
            .and_then(|peer| match self.heard_run(peer) {
                Some(_) => Ok(peer),
                None => Err(format!(
                    "{name} was never heard, so nothing can be sent to it"
                )),
            });
        match peer {
            // A client that left gets no answer.
            Err(why) => drop(answer.send(Err(why))),
            Ok(peer) => {
                let lanes = &mut self.messages.inquiries;
                if let Err(answer) = lanes.push(clock::now(), peer, Vec::new(), answer) {
                    let why = "too many ask peers at this moment: try again".to_owned();
                    let _ = answer.send(Err(why));
                }
            }
        }
    }

    /// Sends the inquiries that are due, and gives up those that nobody answers.
    pub(super) fn send_inquiries(&mut self, now: Timestamp) {
        for answer in self.messages.inquiries.expire(now) {
            let why = format!("no answer within {} s", GIVEN_UP.as_secs());
            let _ = answer.send(Err(why));
        }
        let size = self.fragment_size();
        while let Some(piece) = self.messages.inquiries.next(now, size) {
            self.send_piece(now, Class::Inquiry, &piece);
        }
    }

    /// Answers a peer's inquiry, or has a look first.
    pub(super) fn take_inquiry(&mut self, heard: &Heard) -> Option<()> {
        let inquiry = Inquiry {
            run: heard.run,
            path: heard.path,
            number: heard.number,
        };
        match self.messages.desk.take(clock::now(), heard.from, inquiry) {
            Next::Wait => {}
            Next::Answer(settings) => self.send_settings(heard.from, inquiry, &settings),
            Next::Look => self.look_at_settings(),
        }
        Some(())
    }

    /// Has a thread look; it comes back by a request.
    fn look_at_settings(&self) {
        let (cluster, requests) = (self.cluster.clone(), self.requests.clone());
        let node = cluster.nodes[self.node].clone();
        let _aside = self.aside.enter();
        tokio::spawn(async move {
            let look = move || serde_json::to_vec(&collect::settings(&cluster, &node)).ok();
            let found = tokio::task::spawn_blocking(look).await.ok().flatten();
            // An agent that ends has nothing more to say.
            let _ = requests.send(Request::Settings(found)).await;
        });
    }

    /// Tells whoever waits what the look found.
    pub(super) fn tell_settings(&mut self, found: Option<Vec<u8>>) {
        let found = found.filter(|found| found.len() <= SETTINGS_MAX);
        let found: Option<Arc<[u8]>> = found.map(Into::into);
        for (peer, inquiry) in self.messages.desk.looked(clock::now(), found.clone()) {
            if let Some(settings) = &found {
                self.send_settings(peer, inquiry, settings);
            }
        }
    }

    fn send_settings(&mut self, to: NodeId, inquiry: Inquiry, settings: &[u8]) {
        let fragments = fragment::cut(settings, self.fragment_size());
        let count = fragments.len() as u16;
        let first = self.messages.correspondents.number(to, count.into());
        for (place, content) in (0..).zip(&fragments) {
            let envelope = Envelope {
                for_run: inquiry.run,
                class: Class::Settings,
                number: inquiry.number,
                fragment: place,
                fragments: count,
            };
            self.send_fragment(inquiry.path, first + u64::from(place), &envelope, content);
        }
    }

    /// A peer says how it is set up.
    pub(super) fn take_settings(&mut self, heard: Heard) -> Option<()> {
        if SETTINGS_MAX < heard.body.len() {
            return None;
        }
        // An answer to an inquiry that was given up is of no use.
        if let Some(answer) = self.messages.inquiries.settle(heard.from, heard.number) {
            let _ = answer.send(Ok(heard.body));
        }
        Some(())
    }
}
