//! Finds the framed shell's marks in a stream of bytes that a hostile host may have written.
//!
//! A mark is `\n<nonce> <word>...\n`, with a nonce of 128 random bits that is new for each request
//! and that no fragment is told. Whatever stands between marks is content, byte for byte.

/// How much may come before the first mark (motd, rc files, what an earlier background process
/// still prints).
const MOST_NOISE: usize = 64 << 10;
/// How much of the noise is kept for the message that explains why a shell did not start.
pub(super) const NOISE_KEPT: usize = 4 << 10;
/// The longest rest of a mark after its nonce: two decimal numbers.
const LONGEST_TAIL: usize = 32;

/// What the parser found. Content borrows from the bytes fed.
#[derive(Debug, PartialEq)]
pub(in crate::transport) enum Event<'a> {
    /// The request was read whole and is being run.
    Start,
    Content(&'a [u8]),
    /// A long step is still alive.
    Beat,
    /// Fragment `index` ended with `status`.
    End {
        index: usize,
        status: i32,
    },
}

/// Why a stream can't be the framed shell's.
#[derive(Debug, PartialEq)]
pub(in crate::transport) enum Garbled {
    TooMuchNoise,
    BadMark,
}

/// The parser of one stream (stdout or stderr) for one request.
#[derive(Debug)]
pub(in crate::transport) struct Frames {
    mark: Vec<u8>,
    held: Vec<u8>,
    started: bool,
    noise_len: usize,
    noise: Vec<u8>,
}

impl Frames {
    pub(in crate::transport) fn new(nonce: &str) -> Self {
        Frames {
            mark: format!("\n{nonce} ").into_bytes(),
            held: Vec::new(),
            started: false,
            noise_len: 0,
            noise: Vec::new(),
        }
    }

    pub(super) fn started(&self) -> bool {
        self.started
    }

    /// The end of what came before the first mark.
    pub(super) fn noise(&self) -> &[u8] {
        &self.noise
    }

    /// Takes the next bytes of the stream and hands on what they complete.
    pub(in crate::transport) fn feed(
        &mut self,
        chunk: &[u8],
        sink: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), Garbled> {
        let mut joined = std::mem::take(&mut self.held);
        let bytes: &[u8] = if joined.is_empty() {
            chunk
        } else {
            joined.extend_from_slice(chunk);
            &joined
        };
        let rest = self.scan(bytes, sink)?;
        self.held = bytes[rest..].to_vec();
        Ok(())
    }

    /// Hands on everything in `bytes` that is certain; returns where the uncertain rest begins.
    fn scan(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Event<'_>)) -> Result<usize, Garbled> {
        let mut from = 0;
        loop {
            let (at, whole) = find(&bytes[from..], &self.mark);
            self.content(&bytes[from..from + at], sink)?;
            from += at;
            if !whole {
                return Ok(from);
            }
            let tail = &bytes[from + self.mark.len()..];
            let Some(end) = tail.iter().take(LONGEST_TAIL).position(|b| *b == b'\n') else {
                return if tail.len() < LONGEST_TAIL { Ok(from) } else { Err(Garbled::BadMark) };
            };
            let event = parse_tail(&tail[..end]).ok_or(Garbled::BadMark)?;
            self.started |= event == Event::Start;
            if self.started {
                sink(event);
            }
            from += self.mark.len() + end + 1;
        }
    }

    fn content(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Event<'_>)) -> Result<(), Garbled> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.started {
            sink(Event::Content(bytes));
            return Ok(());
        }
        self.noise_len += bytes.len();
        self.noise.extend_from_slice(bytes);
        let excess = self.noise.len().saturating_sub(NOISE_KEPT);
        self.noise.drain(..excess);
        if self.noise_len > MOST_NOISE { Err(Garbled::TooMuchNoise) } else { Ok(()) }
    }
}

/// Where `mark` begins in `bytes` (true), or where a beginning of it stands at their end (false).
fn find(bytes: &[u8], mark: &[u8]) -> (usize, bool) {
    let mut from = 0;
    while let Some(newline) = bytes[from..].iter().position(|b| *b == b'\n') {
        let at = from + newline;
        let rest = &bytes[at..];
        if rest.starts_with(mark) {
            return (at, true);
        }
        if mark.starts_with(rest) {
            return (at, false);
        }
        from = at + 1;
    }
    (bytes.len(), false)
}

fn parse_tail(tail: &[u8]) -> Option<Event<'static>> {
    let text = std::str::from_utf8(tail).ok()?;
    match text {
        "start" => Some(Event::Start),
        "beat" => Some(Event::Beat),
        _ => {
            let (index, status) = text.split_once(' ')?;
            Some(Event::End { index: index.parse().ok()?, status: status.parse().ok()? })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NONCE: &str = "0123456789abcdef0123456789abcdef";

    #[derive(Debug, Clone, PartialEq)]
    enum Seen {
        Content(Vec<u8>),
        Beat,
        End(usize, i32),
    }

    /// Feeds `stream` in pieces cut after `cuts` bytes each, joining neighbouring content.
    fn run(stream: &[u8], cuts: &[usize]) -> Result<Vec<Seen>, Garbled> {
        let mut frames = Frames::new(NONCE);
        let mut seen: Vec<Seen> = Vec::new();
        let mut sink = |event: Event<'_>| match (event, seen.last_mut()) {
            (Event::Content(bytes), Some(Seen::Content(all))) => all.extend_from_slice(bytes),
            (Event::Content(bytes), _) => seen.push(Seen::Content(bytes.to_vec())),
            (Event::Beat, _) => seen.push(Seen::Beat),
            (Event::End { index, status }, _) => seen.push(Seen::End(index, status)),
            (Event::Start, _) => {}
        };
        let mut rest = stream;
        let mut cuts = cuts.iter().cycle();
        while !rest.is_empty() {
            let cut = cuts.next().copied().unwrap_or(rest.len()).clamp(1, rest.len());
            frames.feed(&rest[..cut], &mut sink)?;
            rest = &rest[cut..];
        }
        Ok(seen)
    }

    fn framed(noise: &[u8], contents: &[Vec<u8>]) -> Vec<u8> {
        let mut stream = noise.to_vec();
        stream.extend(format!("\n{NONCE} start\n").bytes());
        for (i, content) in contents.iter().enumerate() {
            stream.extend(content);
            stream.extend(format!("\n{NONCE} {i} {}\n", i % 3).bytes());
        }
        stream
    }

    fn expected(contents: &[Vec<u8>]) -> Vec<Seen> {
        let mut seen = Vec::new();
        for (i, content) in contents.iter().enumerate() {
            if !content.is_empty() {
                seen.push(Seen::Content(content.clone()));
            }
            seen.push(Seen::End(i, (i % 3) as i32));
        }
        seen
    }

    /// Bytes as an attacker would choose them: pieces of marks, other nonces, binary.
    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            (0..NONCE.len()).prop_map(|n| format!("\n{}", &NONCE[..n]).into_bytes()),
            Just(b"\n\n\n".to_vec()),
            Just(format!("{NONCE} 0 0\n").into_bytes()),
            Just(format!("\n{NONCE}\n").into_bytes()),
            Just(b"\nfedcba9876543210fedcba9876543210 0 0\n".to_vec()),
        ];
        // The pieces are joined by a letter: alone none of them is a mark, and neither are two.
        proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.join(&b'x'))
    }

    proptest! {
        #[test]
        fn content_comes_out_as_it_went_in(
            noise in hostile(),
            contents in proptest::collection::vec(hostile(), 0..5),
            cuts in proptest::collection::vec(1usize..50, 1..8),
        ) {
            let stream = framed(&noise, &contents);
            prop_assert_eq!(run(&stream, &cuts).unwrap(), expected(&contents));
        }

        #[test]
        fn any_bytes_are_parsed_without_panic(
            stream in proptest::collection::vec(any::<u8>(), 0..2000),
            cuts in proptest::collection::vec(1usize..50, 1..8),
        ) {
            let _ = run(&stream, &cuts);
        }
    }

    #[test]
    fn a_beat_inside_content_is_taken_out() {
        let stream = format!("\n{NONCE} start\nab\n{NONCE} beat\ncd\n{NONCE} 0 0\n");
        let seen = run(stream.as_bytes(), &[1]).unwrap();
        let content = |text: &str| Seen::Content(text.as_bytes().to_vec());
        assert_eq!(seen, vec![content("ab"), Seen::Beat, content("cd"), Seen::End(0, 0)]);
    }

    #[test]
    fn endless_noise_is_refused() {
        let noise = vec![b'y'; MOST_NOISE + 1];
        assert_eq!(run(&noise, &[1000]), Err(Garbled::TooMuchNoise));
    }

    #[test]
    fn a_mark_with_a_wrong_tail_is_refused() {
        for tail in ["0\n", "a b\n", "0 0 0\n", "99999999999999999999999999999999999\n"] {
            let stream = format!("\n{NONCE} start\n\n{NONCE} {tail}");
            assert_eq!(run(stream.as_bytes(), &[7]), Err(Garbled::BadMark), "{tail:?}");
        }
    }
}
