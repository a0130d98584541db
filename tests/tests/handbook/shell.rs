//! Command lines in documents, as a shell takes them apart, and what the command line makes of them.
//!
//! A document shows `sudo heartbeat ... | jq ...` or `(umask 077; heartbeat ... > FILE)`. Taken apart are quotes,
//! operators and redirections; nothing is expanded.

use anyhow::{Result, ensure};

use crate::commands;

/// A part of a command line.
enum Token {
    Word(String),
    /// Ends a command.
    End,
    /// The next word is a file.
    File,
}

/// Every call of `heartbeat` in one line, as words, the program's name first.
pub fn calls(line: &str) -> Result<Vec<Vec<String>>> {
    let mut calls = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut to_file = false;
    for token in tokens(line)?.into_iter().chain([Token::End]) {
        match token {
            Token::File => to_file = true,
            Token::Word(_) if to_file => to_file = false,
            Token::Word(word) => words.push(word),
            Token::End => calls.push(std::mem::take(&mut words)),
        }
    }
    let called = calls.into_iter().filter_map(|words| {
        let before = |word: &String| {
            let first = word.split('=').next().unwrap_or_default();
            let assigned =
                first.len() < word.len() && first.bytes().all(|byte| byte.is_ascii_lowercase());
            word == "sudo" || word == "$" || assigned
        };
        let words: Vec<String> = words.into_iter().skip_while(before).collect();
        let program = words.first()?.rsplit('/').next()?;
        (program == "heartbeat").then_some(words)
    });
    Ok(called.collect())
}

/// Has the command line read them; a bare name of a command is only looked up.
pub fn parse(words: &[String]) -> Result<()> {
    let mut command = &commands::heartbeat();
    let mut rest = &words[1..];
    while let [word, after @ ..] = rest
        && let Some(found) = command.find_subcommand(word)
    {
        (command, rest) = (found, after);
    }
    if rest.is_empty() {
        return Ok(());
    }
    commands::heartbeat().try_get_matches_from(words)?;
    Ok(())
}

fn tokens(line: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some(end) if end == letter => break,
                        Some('\\') if letter == '"' => word.extend(letters.next()),
                        Some(inside) => word.push(inside),
                        None => anyhow::bail!("a quote has no end: {line}"),
                    }
                }
            }
            '#' if word.is_none() => break,
            _ if letter.is_whitespace() => tokens.extend(word.take().map(Token::Word)),
            '|' | '&' | ';' | '(' | ')' => {
                tokens.extend(word.take().map(Token::Word));
                tokens.push(Token::End);
            }
            '<' | '>' => {
                tokens.extend(word.take().map(Token::Word));
                letters.next_if_eq(&letter);
                tokens.push(Token::File);
            }
            _ => word.get_or_insert_default().push(letter),
        }
    }
    tokens.extend(word.map(Token::Word));
    ensure!(!line.ends_with('\\'), "one command a line: {line}");
    Ok(tokens)
}
