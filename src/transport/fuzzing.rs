//! What the fuzz targets need of the transport's insides.

use super::shell::frames::{Event, Frames};
use super::ssh::host_keys;

/// What `Frames` made of a stream: contents joined, and the other events in between.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    content: Vec<u8>,
    events: Vec<(usize, String)>,
    garbled: bool,
}

/// Reads a stream as one request's reply, cut in pieces of `step` bytes; the same must come out
/// whatever the pieces are.
pub fn frames(stream: &[u8]) {
    let nonce = "0123456789abcdef0123456789abcdef";
    let read = |step: usize| {
        let (mut frames, mut seen) = (Frames::new(nonce), Seen::default());
        for piece in stream.chunks(step) {
            let fed = frames.feed(piece, &mut |event| match event {
                Event::Content(bytes) => seen.content.extend_from_slice(bytes),
                other => seen.events.push((seen.content.len(), format!("{other:?}"))),
            });
            seen.garbled = fed.is_err();
            if seen.garbled {
                break;
            }
        }
        seen
    };
    let whole = read(stream.len().max(1));
    assert!(whole.content.len() <= stream.len());
    for step in [1, 7, 64] {
        let pieces = read(step);
        // What comes before a fault may be handed on or not: the fault itself is the same.
        assert_eq!(whole.garbled, pieces.garbled);
        assert!(whole.garbled || whole == pieces);
    }
}

/// Reads a known_hosts file and looks a host up in it.
pub fn known_hosts(text: &[u8]) {
    let file = host_keys::parse(&String::from_utf8_lossy(text));
    for name in ["web1", "[127.0.0.1]:2222", "[::1]:22", ""] {
        let _ = file.about(name).count();
    }
}
