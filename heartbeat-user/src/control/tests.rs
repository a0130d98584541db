use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream as Client;
use std::thread;

use super::*;

/// A served socket whose loop never answers, and a directory with one event.
fn served<T: Send + 'static>(client: impl FnOnce(PathBuf) -> T + Send + 'static) -> T {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join(journal::OLD_FILE), "{\"seq\":1}\n").expect("writable");
    fs::write(directory.path().join(journal::FILE), "{\"seq\":2}\n").expect("writable");
    let socket = directory.path().join("heartbeat.sock");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (requests, _kept) = mpsc::channel(1);
        start(&socket, directory.path().to_owned(), requests).expect("free");
        tokio::task::spawn_blocking(move || client(socket))
            .await
            .expect("no panic")
    })
}

fn ask(socket: &Path, request: &[u8]) -> String {
    let mut client = Client::connect(socket).expect("served");
    client.write_all(request).expect("read");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("text");
    answer
}

#[test]
fn events_come_oldest_first_across_the_rotation() {
    let answer = served(|socket| ask(&socket, b"{\"command\":\"events\"}\n"));
    assert_eq!(answer, "{\"seq\":1}\n{\"seq\":2}\n");
}

#[test]
fn an_unknown_request_is_refused_with_a_reason() {
    let answer = served(|socket| ask(&socket, b"{\"command\":\"dance\"}\n"));
    assert!(answer.contains("does not know that request"), "{answer}");
}

#[test]
fn a_line_without_end_is_cut_off() {
    let answer = served(|socket| ask(&socket, &vec![b'x'; LINE_MAX as usize]));
    assert!(answer.contains("error"), "{answer}");
}

#[test]
fn silent_clients_do_not_keep_others_from_being_served() {
    let answer = served(|socket| {
        let silent: Vec<Client> = (0..CLIENTS_MAX - 1)
            .map(|_| Client::connect(&socket).expect("served"))
            .collect();
        thread::sleep(Duration::from_millis(50));
        let answer = ask(&socket, b"{\"command\":\"events\"}\n");
        drop(silent);
        answer
    });
    assert!(answer.contains("\"seq\":2"), "{answer}");
}

#[test]
fn a_socket_that_is_served_is_not_taken_over() {
    let error = served(|socket| bind(&socket).expect_err("served").to_string());
    assert!(error.contains("another agent answers"), "{error}");
}
