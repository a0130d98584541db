//! The live picture: for each network, who hears whom.
//!
//! A row is what one node says and a column is whom it says it about, so a dead sender is a column of
//! losses and a deaf node a row of them: the shape of the fault can be seen before any event is read. Few nodes
//! get words, many get signs, and nine still fit twice into 80 columns.

use super::screen::Glyphs;
use super::text::{Line, Style};
use super::watch::{PathState, Row};
use crate::lab::plan::{Network, Node, Plan};

/// From how many nodes on there is no room for words.
const NODES_WITH_WORDS: usize = 4;
/// Between two networks.
const GAP: usize = 1;

/// All networks side by side.
pub fn panels(plan: &Plan, rows: &[Row], glyphs: Glyphs) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for network in plan.all_networks() {
        let panel = Panel {
            plan,
            network,
            glyphs,
        }
        .lines(rows);
        if lines.is_empty() {
            lines = panel;
            continue;
        }
        lines = lines
            .into_iter()
            .zip(panel)
            .map(|(left, right)| left.then(Style::Plain, " ".repeat(GAP)).join(right))
            .collect();
    }
    lines
}

struct Panel<'a> {
    plan: &'a Plan,
    network: Network,
    glyphs: Glyphs,
}

impl Panel<'_> {
    fn lines(&self, rows: &[Row]) -> Vec<Line> {
        let [upper_left, upper_right, lower_left, lower_right] = self.glyphs.corners;
        let label = self.plan.label(self.network);
        let stroke = |columns: usize| self.glyphs.horizontal.to_string().repeat(columns);
        let top = Line::new()
            .then(Style::Faint, format!("{upper_left}{} ", stroke(1)))
            .then(Style::Strong, label)
            .then(
                Style::Faint,
                format!(
                    " {}{upper_right}",
                    stroke(
                        self.inner_columns()
                            .saturating_sub(label.chars().count() + 3)
                    )
                ),
            );
        let bottom = Line::new().then(
            Style::Faint,
            format!("{lower_left}{}{lower_right}", stroke(self.inner_columns())),
        );
        let nodes = self
            .plan
            .all_nodes()
            .zip(rows)
            .map(|(node, row)| self.node(node, row));
        [top, self.heading()]
            .into_iter()
            .chain(nodes)
            .chain([bottom])
            .collect()
    }

    fn cell_columns(&self) -> usize {
        if self.plan.nodes <= NODES_WITH_WORDS {
            6
        } else {
            3
        }
    }

    fn inner_columns(&self) -> usize {
        LABEL_COLUMNS + self.plan.nodes * self.cell_columns() + 1
    }

    fn framed(&self, content: Line) -> Line {
        let edge = self.glyphs.vertical.to_string();
        Line::new()
            .then(Style::Faint, edge.clone())
            .join(content.padded(self.inner_columns()))
            .then(Style::Faint, edge)
    }

    fn heading(&self) -> Line {
        let letters: String = self
            .plan
            .all_nodes()
            .map(|node| self.cell(&node.letter().to_string()))
            .collect();
        self.framed(
            Line::new()
                .then(Style::Faint, format!("{:<LABEL_COLUMNS$}", " hears"))
                .then(Style::Faint, letters),
        )
    }

    fn node(&self, node: Node, row: &Row) -> Line {
        let name = |style| {
            Line::new().then(
                style,
                format!(" {:<width$}", node, width = LABEL_COLUMNS - 1),
            )
        };
        self.framed(match row {
            Row::Hears(states) => {
                let cells = self.plan.all_nodes().zip(&states[self.network.0]);
                cells.fold(name(Style::Plain), |line, (peer, state)| {
                    let (style, word) = self.state(*state);
                    if peer == node {
                        line.then(Style::Faint, self.cell("-"))
                    } else {
                        line.then(style, self.cell(word))
                    }
                })
            }
            Row::Stopped => name(Style::Faint).then(Style::Strong, self.across("agent stopped")),
            Row::Gone => name(Style::Faint).then(Style::Strong, self.across("agent gone")),
            Row::Silent => name(Style::Bad).then(Style::Bad, self.across("no answer")),
        })
    }

    fn state(&self, state: PathState) -> (Style, &'static str) {
        let words = self.plan.nodes <= NODES_WITH_WORDS;
        match state {
            PathState::Up => (Style::Good, if words { "up" } else { self.glyphs.up }),
            PathState::Lost => (Style::Bad, if words { "LOST" } else { self.glyphs.lost }),
            PathState::Other => (Style::Faint, "?"),
        }
    }

    fn across(&self, words: &str) -> String {
        format!(
            "{words:^width$}",
            width = self.plan.nodes * self.cell_columns()
        )
    }

    fn cell(&self, word: &str) -> String {
        format!("{word:^width$}", width = self.cell_columns())
    }
}

/// Room for a node's name.
const LABEL_COLUMNS: usize = 8;

#[cfg(test)]
mod tests {
    use super::super::screen::ASCII;
    use super::*;

    fn picture(nodes: usize, rows: &[Row]) -> Vec<String> {
        let plan = Plan::nodes(nodes).two_networks();
        let lines = panels(&plan, rows, ASCII);
        lines
            .iter()
            .map(|line| line.render(usize::MAX, |_, text| text.to_owned()))
            .collect()
    }

    fn all_up(nodes: usize) -> Vec<Row> {
        vec![Row::Hears(vec![vec![PathState::Up; nodes]; 2]); nodes]
    }

    #[test]
    fn a_dead_sender_is_a_column_and_a_stopped_agent_a_row() {
        let mut rows = all_up(2);
        rows[0] = Row::Hears(vec![vec![PathState::Lost; 2], vec![PathState::Up; 2]]);
        rows[1] = Row::Stopped;
        assert_eq!(
            picture(2, &rows),
            [
                "+- Private Network ---+ +- Public Network ----+",
                "| hears    a     b    | | hears    a     b    |",
                "| node-a   -    LOST  | | node-a   -     up   |",
                "| node-b agent stopped| | node-b agent stopped|",
                "+---------------------+ +---------------------+",
            ]
        );
    }

    #[test]
    fn nine_nodes_on_two_networks_fit_into_80_columns() {
        for line in picture(9, &all_up(9)) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
