//! The reference of causes: every class with its sentence, and what speaks for it and against it beside that.

use anyhow::{Context, Result, ensure};
use heartbeat_core::cause::{Cause, Certainty, Class, Place};
use heartbeat_tests::suite::Test;

use crate::document::Document;
use crate::page::{self, Block, head, row};

pub const TESTS: &[Test] = &[
    ("causes.md has the core's causes", classes),
    (
        "causes.md says of every cause what speaks for it and against it",
        evidence,
    ),
];

fn sentence(class: Class) -> String {
    let cause = Cause {
        class,
        certainty: Certainty::Sure,
        place: Place::Between,
        ..Cause::default()
    };
    cause.sentence("node-b", "node-a")
}

fn classes() -> Result<()> {
    let mut table = head(&["class", "the event's `cause`, as node-a says it of node-b"]);
    for class in Class::ALL {
        let label = class.label();
        table += &row(&[&format!("[{label}](#{label})"), &sentence(class)]);
    }
    page::compare("causes.md", &[Block::new("causes", table)])
}

fn evidence() -> Result<()> {
    let page = Document::read("heartbeat-user/docs/causes.md")?;
    let sections = page.sections(3);
    for class in Class::ALL {
        let section = sections.iter().find(|(found, _)| *found == class.label());
        let (_, text) = section.with_context(|| format!("no section `### {}`", class.label()))?;
        for part in ["**For:**", "**Against:**", "**Look at:**"] {
            ensure!(text.contains(part), "{} lacks {part}", class.label());
        }
    }
    Ok(())
}
