use crate::module::testing::{Bench, entry, file, result, wanted, wanted_text};
use crate::resource::file::{Body, Bytes, Entry, File, FileState, What};
use crate::world::Stop;
use serde_json::json;

fn folder() -> FileState {
    entry(What::Directory)
}

#[test]
fn content_and_files_end_up_at_dest() {
    let bench = Bench::new()
        .local("/play/files/a", "A\n")
        .local("/abs/b", "B\n")
        .without("/etc/a")
        .without("/srv/new")
        .has::<File>("/srv", folder())
        .has::<File>("/srv/a", file("old\n"))
        .without("/srv/new/a")
        .without("/srv/b");
    let cases = [
        (json!({"content": "x", "dest": "/etc/a"}), "/etc/a", "x"),
        (json!({"content": {"k": [1]}, "dest": "/etc/a"}), "/etc/a", "{\"k\":[1]}"),
        (json!({"src": "a", "dest": "/etc/a"}), "/etc/a", "A\n"),
        (json!({"src": "files/a", "dest": "/srv"}), "/srv/a", "A\n"),
        (json!({"src": "/abs/b", "dest": "/srv/"}), "/srv/b", "B\n"),
        (json!({"src": "a", "dest": "/srv/new/"}), "/srv/new/a", "A\n"),
        (json!({"src": "a", "dest": "/srv", "force": false}), "/srv/a", "old\n"),
        (json!({"src": "/srv/a", "dest": "/etc/a", "remote_src": true}), "/etc/a", "old\n"),
    ];
    for (args, path, text) in cases {
        let planned = bench.plan("copy", args.clone()).expect("planned");
        assert_eq!(wanted_text(&planned, path).as_deref(), Some(text), "{args}");
    }
    let made = bench.plan("copy", json!({"src": "a", "dest": "/srv/new/", "directory_mode": "0700"}));
    let made = made.expect("planned");
    assert_eq!(wanted::<File>(&made, "/srv/new").and_then(|s| s.entry()).map(|e| e.mode), Some(0o700));
    assert_eq!(made.wants.len(), 2);
}

#[test]
fn a_folder_is_copied_with_the_folders_it_needs() {
    let bench = Bench::new()
        .local("/play/files/site/x", "X")
        .local("/play/files/site/deep/er/y", "Y")
        .has::<File>("/srv", folder())
        .has::<File>("/", folder())
        .without("/srv/site");
    let told =
        |args| bench.plan("copy", args).map(|p| p.wants.iter().map(|w| w.key.id()).collect::<Vec<_>>());
    let args = json!({"src": "site", "dest": "/srv", "mode": "preserve"});
    assert_eq!(told(args.clone()), Err(Stop::Waiting));
    assert_eq!(bench.world.take_demands().len(), 4, "all in one round");
    let gone = FileState::Absent { folder: false };
    let bench = ["/srv/site/x", "/srv/site/deep", "/srv/site/deep/er", "/srv/site/deep/er/y"]
        .iter()
        .fold(bench, |bench, path| bench.has::<File>(*path, gone.clone()));
    let planned = bench.plan("copy", args).expect("planned");
    let paths: Vec<String> = planned.wants.iter().map(|w| w.key.id()).collect();
    let wanted_paths =
        ["/srv/site", "/srv/site/deep", "/srv/site/deep/er", "/srv/site/deep/er/y", "/srv/site/x"];
    assert_eq!(paths, wanted_paths);
    assert_eq!(wanted::<File>(&planned, "/srv/site/x").and_then(|s| s.entry()).map(|e| e.mode), Some(0o640));
}

#[test]
fn a_large_file_is_not_read_into_memory() {
    let large = "x".repeat(300 << 10);
    let bench = Bench::new().local("/play/files/big", &large).without("/srv/big");
    let planned = bench.plan("copy", json!({"src": "big", "dest": "/srv/big"})).expect("planned");
    let body = wanted::<File>(&planned, "/srv/big").and_then(|s| s.body()).expect("a file");
    assert!(matches!(body.bytes, Bytes::Local(_)));
    assert_eq!(result(&planned, "size").and_then(|s| s.as_i64()), Some(300 << 10));
}

#[test]
fn bytes_of_a_large_file_on_the_host_stay_there() {
    let body = Body { digest: "d".repeat(64), size: 1 << 30, bytes: Bytes::Elsewhere };
    let source = FileState::Present(Entry {
        what: What::File(body),
        mode: 0o600,
        owner: "root".into(),
        group: "root".into(),
        links: 1,
    });
    let bench = Bench::new().has::<File>("/big", source).without("/new");
    let args = json!({"src": "/big", "dest": "/new", "remote_src": true, "mode": "preserve"});
    let planned = bench.plan("copy", args).expect("planned");
    let entry = wanted::<File>(&planned, "/new").and_then(|s| s.entry()).expect("wanted");
    assert_eq!(entry.mode, 0o600);
    assert!(matches!(&entry.what, What::File(Body { bytes: Bytes::Host(path), .. }) if path == "/big"));
}

#[test]
fn what_cannot_be_copied_is_told() {
    let bench = Bench::new().local("/play/files/a", "A").without("/x").without("/none");
    let cases = [
        (json!({"dest": "/x"}), "needs `src` or `content`"),
        (json!({"dest": "/x", "src": "a", "content": "b"}), "not both"),
        (json!({"dest": "x", "src": "a"}), "must be an absolute path"),
        (json!({"dest": "/x/", "content": "a"}), "must name a file"),
        (json!({"dest": "/x", "src": "b"}), "`b` was not found; looked for /play/files/b, /play/b"),
        (json!({"dest": "/x", "src": "/none", "remote_src": true}), "does not exist on the host"),
        (json!({"dest": "/x", "src": "a", "checksum": "00"}), "`checksum` says 00"),
    ];
    for (args, told) in cases {
        let error = bench.error("copy", args);
        assert!(error.contains(told), "{error}");
    }
}
