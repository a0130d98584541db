//! What a browser makes of the page.
//!
//! A policy that forbids too much leaves a page without its style, and nothing but a browser notices. So the
//! colours are looked for in pictures, which also lie below the target directory for people to look at.

use anyhow::{Result, ensure};
use heartbeat_tests::suite::Test;

use super::chromium::{Colour, Scheme, document, picture};
use super::{A, with_a_lost_path};

pub const TESTS: &[Test] = &[
    (
        "a browser shows the lost path, and a label that is markup as text",
        shown_as_text,
    ),
    (
        "the page is light or dark as its reader wants, and a lost path has a colour of its own in both",
        dark_and_light,
    ),
    (
        "on a telephone nothing of the page runs out of sight",
        narrow,
    ),
];

const WIDE: (u32, u32) = (1_280, 1_400);
const NARROW: (u32, u32) = (500, 1_400);
/// The paper and what is lost, as the style has them.
const LIGHT: [Colour; 2] = [[0xff, 0xff, 0xff], [0xfd, 0xe6, 0xd8]];
const DARK: [Colour; 2] = [[0x15, 0x18, 0x1c], [0x54, 0x22, 0x0a]];
/// Of a cell that is lost, less its letters.
const CELL: usize = 2_000;
/// Columns at the right that nothing may reach: less than the page's margin.
const MARGIN: usize = 10;

fn shown_as_text() -> Result<()> {
    with_a_lost_path(|lab| {
        let document = document(lab.node(A))?;
        for part in [
            "<b>\u{2717} LOST</b>",
            "<b>\u{2713} up</b>",
            "<th scope=\"col\">&lt;script&gt;alert(1)&lt;/script&gt;",
            "<code>heartbeat explain ",
        ] {
            ensure!(document.contains(part), "{part} is not in {document}");
        }
        ensure!(
            !document.contains("<script"),
            "the label became an element: {document}"
        );
        Ok(())
    })
}

fn dark_and_light() -> Result<()> {
    with_a_lost_path(|lab| {
        for (scheme, [paper, lost]) in [(Scheme::Light, LIGHT), (Scheme::Dark, DARK)] {
            let picture = picture(lab.node(A), scheme, WIDE)?;
            let (corner, cell) = (picture.corner(), picture.count(lost));
            ensure!(corner == paper, "{scheme:?}: the paper is {corner:02x?}");
            ensure!(CELL < cell, "{scheme:?}: {cell} points look lost");
        }
        Ok(())
    })
}

fn narrow() -> Result<()> {
    with_a_lost_path(|lab| {
        let picture = picture(lab.node(A), Scheme::Dark, NARROW)?;
        let [paper, lost] = DARK;
        ensure!(CELL < picture.count(lost), "the lost path is out of sight");
        let beyond = picture.beside(MARGIN, paper);
        ensure!(beyond == 0, "{beyond} points lie in the margin");
        Ok(())
    })
}
