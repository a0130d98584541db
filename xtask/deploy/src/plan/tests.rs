use clap::Parser as _;
use expect_test::{Expect, expect};
use tempfile::TempDir;

use super::*;
use crate::arguments::Arguments;
use crate::survey::tests::bare;

const EXAMPLE: &str = include_str!("../../../../heartbeat-user/cluster.toml");

/// What an operator with the example and an agent of three bytes wants, and his folder.
fn wanted() -> (Wanted, TempDir) {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("cluster.toml"), EXAMPLE).expect("writable");
    std::fs::write(folder.path().join("heartbeat"), "elf").expect("writable");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let words = [
        "deploy".to_owned(),
        "--config".to_owned(),
        path("cluster.toml"),
        "--binary".to_owned(),
        path("heartbeat"),
    ];
    let wanted = Wanted::read(&Arguments::parse_from(words)).expect("without a mistake");
    (wanted, folder)
}

fn host() -> Host {
    Host {
        node: "node-b".to_owned(),
        destination: "ops@10.0.0.2".to_owned(),
        chosen: true,
    }
}

/// A host on which everything is in place and runs.
fn complete(wanted: &Wanted) -> Survey {
    let files = wanted.files(bare().manager);
    Survey {
        pid: Some(17),
        present: files
            .into_iter()
            .map(|file| (file.path, file.digest))
            .collect(),
        keys: wanted
            .key
            .as_ref()
            .map(|key| key.marks())
            .unwrap_or_default(),
        taken: vec!["udp".to_owned(), "tcp".to_owned()],
        ..bare()
    }
}

#[track_caller]
fn check(survey: Survey, wanted: &Wanted, action: Action, expected: Expect) {
    let plan = Plan::of(&host(), survey, wanted);
    assert_eq!(plan.action, action);
    expected.assert_eq(&text::change(&plan));
}

#[test]
fn a_host_gets_what_it_has_not() {
    let (wanted, _folder) = wanted();
    check(
        bare(),
        &wanted,
        Action::Start,
        expect![
            "install /usr/sbin/heartbeat, /etc/systemd/system/heartbeat-ebpf.service, /etc/systemd/system/heartbeat-ebpf-pins.service, /etc/heartbeat-ebpf/cluster.toml, /etc/heartbeat-ebpf/cluster.key; start the agent"
        ],
    );
    check(
        complete(&wanted),
        &wanted,
        Action::Nothing,
        expect!["nothing to do"],
    );
}

#[test]
fn the_service_does_no_more_than_it_has_to() {
    let (wanted, _folder) = wanted();
    let without = |path: &str| {
        let mut survey = complete(&wanted);
        survey.present.insert(path.to_owned(), "another".to_owned());
        survey
    };
    for (path, action) in [
        ("/usr/sbin/heartbeat", Action::Restart),
        (
            "/etc/systemd/system/heartbeat-ebpf.service",
            Action::Restart,
        ),
        (
            "/etc/systemd/system/heartbeat-ebpf-pins.service",
            Action::Restart,
        ),
        ("/etc/heartbeat-ebpf/cluster.toml", Action::Reload),
        ("/etc/heartbeat-ebpf/cluster.key", Action::Reload),
    ] {
        assert_eq!(
            Plan::of(&host(), without(path), &wanted).action,
            action,
            "{path}"
        );
    }
}

#[test]
fn what_was_interrupted_is_begun_again_though_its_files_are_in_place() {
    let (wanted, _folder) = wanted();
    let interrupted = Survey {
        pending: true,
        ..complete(&wanted)
    };
    check(
        interrupted,
        &wanted,
        Action::Restart,
        expect!["restart the agent, for which its peers wait"],
    );
    let ended = Survey {
        pid: None,
        ..complete(&wanted)
    };
    check(ended, &wanted, Action::Start, expect!["start the agent"]);
}

#[test]
fn a_replacement_of_the_key_changes_nothing_else() {
    let (mut wanted, _folder) = wanted();
    let mut survey = complete(&wanted);
    survey.present.clear();
    wanted.scope = Scope::Key;
    check(
        survey,
        &wanted,
        Action::Reload,
        expect![
            "install /etc/heartbeat-ebpf/cluster.key; reload the agent, without a lost heartbeat"
        ],
    );
    let said = objections(&bare(), &wanted).join("\n");
    assert!(said.contains("does not run"), "{said}");
}

#[test]
fn all_that_speaks_against_a_host_is_said_at_once() {
    let (wanted, _folder) = wanted();
    assert_eq!(objections(&bare(), &wanted), Vec::<String>::new());
    assert_eq!(
        objections(&complete(&wanted), &wanted),
        Vec::<String>::new()
    );
    let hopeless = Survey {
        kernel: "5.10.0-30-amd64".to_owned(),
        machine: "riscv64".to_owned(),
        lacking: vec!["bpffs".to_owned(), "sha256sum".to_owned()],
        taken: vec!["udp".to_owned(), "tcp".to_owned()],
        package: Some("heartbeat-ebpf".to_owned()),
        clock: (-90.0, 0.1),
        ..bare()
    };
    let said = objections(&hopeless, &wanted).join("\n");
    let said = said.replace(std::env::consts::ARCH, "ARCH");
    expect![[r#"
        no BPF file system is mounted on /sys/fs/bpf: `mount -t bpf bpf /sys/fs/bpf`
        it has no `sha256sum`
        its kernel is 5.10.0-30-amd64: Linux 6.1 or later is needed
        it is riscv64, and the agent was built for ARCH
        its agent belongs to the package heartbeat-ebpf: upgrade that, or remove it first
        UDP port 3343 is taken: an agent or another program that was started by hand has it (`ss -lunp`)
        TCP port 13343 is taken: give [agent] metrics another one
        its clock is -90 s from this one: set both first"#]].assert_eq(&said);
}

#[test]
fn a_running_host_with_another_key_is_refused() {
    let (wanted, _folder) = wanted();
    let mut other = complete(&wanted);
    other.keys[0].digest = "another".to_owned();
    let said = objections(&other, &wanted).join("\n");
    assert!(said.contains("--rotate-key"), "{said}");
    other.pid = None;
    other.taken.clear();
    assert_eq!(objections(&other, &wanted), Vec::<String>::new());
}

#[test]
fn kernels_are_compared_as_numbers() {
    for (release, enough) in [
        ("6.1.0-25-amd64", true),
        ("6.10.3", true),
        ("10.0", true),
        ("5.19.0", false),
        ("6.0-rc7", false),
        ("", false),
    ] {
        assert_eq!(is_new_enough(release), enough, "{release}");
    }
}

#[test]
fn clocks_are_told_of_only_as_far_as_they_are_known() {
    let with = |clock| remarks(&Survey { clock, ..bare() });
    assert_eq!(with((1.5, 0.6)), None);
    assert!(with((-3.0, 0.6)).is_some_and(|remark| remark.contains("-3.0 s")));
}
