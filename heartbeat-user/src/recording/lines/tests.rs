use expect_test::expect;

use super::*;

const BEGIN: &str = r#"{"at":5,"what":{"begin":{"format":1,"version":"0.1.0","node":"node-a","id":1,"incarnation":7,"wall":9,"text":""}}}"#;

/// Reads all lines, and says how they end.
fn read(text: &str) -> String {
    let all = || -> Result<String> {
        let (mut lines, _, _) = Lines::open(text.as_bytes())?;
        loop {
            if let Next::Ended(ending) = lines.read()? {
                return Ok(format!("{ending:?} after line {}", lines.number()));
            }
        }
    };
    all().unwrap_or_else(|error| format!("{error:#}"))
}

/// What follows on the beginning.
fn rest(lines: &str) -> String {
    read(&format!("{BEGIN}\n{lines}"))
}

#[test]
fn a_file_that_just_stops_is_read_as_far_as_it_goes() {
    let said = [
        rest("{\"at\":6,\"what\":{\"reborn\":8}}\n{\"at\":6,\"what\":{\"end\":\"stopped\"}}\n"),
        rest("{\"at\":6,\"what\":{\"reborn\":8}}\n"),
        rest("{\"at\":6,\"what\":{\"reborn\":8}}\n{\"at\":6,\"what\":{\"en"),
        rest(""),
    ];
    expect![[r#"
        Said(Stopped) after line 3
        Cut after line 2
        Cut after line 2
        Cut after line 1"#]]
    .assert_eq(&said.join("\n"));
}

#[test]
fn what_is_no_recording_is_called_so() {
    let said = [
        read(""),
        read("root:x:0:0:root:/root:/bin/bash\n"),
        read("{\"seq\":17,\"id\":1123}\n"),
        read("{\"at\":6,\"what\":{\"reborn\":8}}\n"),
        read(BEGIN),
        read(&format!(
            "{}\n",
            BEGIN.replace("\"format\":1", "\"format\":2")
        )),
        read(&format!("{}\n", BEGIN.replace("\"wall\":9", "\"wall\":-9"))),
    ];
    expect![[r#"
        it is no recording: it has not one whole line
        it is no recording: its first line is none of one: expected value, column 1
        it is no recording: its first line is none of one: missing field `what`, column 20
        it is no recording: its first line is none of one: missing field `begin`, column 27
        it is no recording: it has not one whole line
        it is a recording of form 2 by heartbeat 0.1.0, and this is heartbeat 0.1.0, which replays form 1: use that version
        its first line is no beginning of a recording: invalid value: integer `-9`, expected u64, column 102"#]].assert_eq(&said.join("\n"));
}

#[test]
fn a_line_that_does_not_belong_there_is_named() {
    let said = [
        rest("\n"),
        rest("{\"at\":4,\"what\":{\"reborn\":8}}\n"),
        rest("{\"at\":6,\"what\":{\"reborn\":8,\"more\":1}}\n"),
        rest("{\"at\":6,\"what\":{\"late\":{\"part\":\"loop\",\"ns\":1,\"more\":1}}}\n"),
        rest("{\"at\":6,\"what\":{\"paused\":{\"by\":\"asleep\",\"ahead\":1}}}\n"),
        rest(&format!("{BEGIN}\n")),
        rest("{\"at\":6,\"what\":{\"end\":\"stopped\"}}\n{\"at\":6"),
    ];
    expect![[r#"
        line 2 is none of a recording: EOF while parsing a value, column 0
        line 2 goes back in time, from 5 to 4
        line 2 is none of a recording: expected value, column 26
        line 2 is none of a recording: unknown field `more`, expected one of `part`, `ns`, `waited`, column 51
        line 2 is none of a recording: unknown variant `asleep`, expected `suspended` or `wall_clock`, column 39
        line 2 begins another recording
        something follows on the end in line 2"#]].assert_eq(&said.join("\n"));
}

#[test]
fn a_line_without_an_end_is_not_read_for_ever() {
    let mut endless = std::io::BufReader::new(std::io::repeat(b'{'));
    let error = Lines::open(&mut endless).expect_err("no line is so long");
    assert!(
        format!("{error:#}").contains("longer than any line"),
        "{error:#}"
    );
}
