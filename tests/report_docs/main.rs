//! What a browser and other readers make of an audit's reports. They want programs that harda does
//! not (chromium, openscap-scanner, libxml2-utils, ...), so they are run by `make test-docs` and not
//! by `make test`.
//!
//! With HARDA_PICTURES=FOLDER the pages are kept as pictures, to be looked at.

mod browser;
mod formats;
#[path = "../report_audit/sample.rs"]
mod sample;

use browser::Browser;
use harda::compliance::Lang;
use harda::compliance::audit::{Audit, HostResult, Outcome};
use harda::report::audit::html;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A page in a folder of its own.
struct Page {
    folder: tempfile::TempDir,
}

impl Page {
    fn of(audit: &Audit, lang: Lang) -> Page {
        let folder = tempfile::tempdir().expect("a folder");
        // Two audits before it that were worse.
        let earlier = [20, 10].map(|worse| {
            let mut point = html::trend::Point::of(audit);
            point.failing += worse as usize;
            point.scores.values_mut().for_each(|score| *score = score.saturating_sub(worse));
            point
        });
        let bytes = html::bytes(audit, &earlier, lang).expect("a page");
        std::fs::write(folder.path().join("audit.html"), bytes).expect("a file");
        Page { folder }
    }

    fn url(&self, fragment: &str) -> String {
        format!("file://{}/audit.html{fragment}", self.folder.path().display())
    }
}

fn keep(browser: &mut Browser, name: &str) {
    if let Some(folder) = std::env::var_os("HARDA_PICTURES") {
        let picture = browser.picture();
        std::fs::write(PathBuf::from(folder).join(format!("{name}.png")), picture).expect("a picture");
    }
}

fn ran(command: &str, args: &[&str], file: &Path) -> Output {
    Command::new(command).args(args).arg(file).output().unwrap_or_else(|error| panic!("{command}: {error}"))
}

#[test]
#[ignore = "make test-docs"]
fn it_opens_without_a_complaint_and_fetches_nothing() {
    let mut browser = Browser::start();
    for (name, audit) in [("plain", sample::audit(4, 10, false)), ("hostile", sample::audit(9, 12, true))] {
        for (code, lang) in [("sv", Lang::Sv), ("en", Lang::En)] {
            let page = Page::of(&audit, lang);
            for (scheme, width) in [("light", 1280), ("dark", 1280), ("light", 420)] {
                browser.size(width, 900);
                browser.scheme(scheme);
                browser.open(&page.url(""));
                keep(&mut browser, &format!("{name}-{code}-{scheme}-{width}"));
                assert_eq!(browser.complaints(), Vec::<&serde_json::Value>::new());
                assert_eq!(browser.fetched(), [page.url("")]);
                assert_eq!(browser.ask("document.scripts.length"), 1);
                let title = browser.ask("document.title");
                assert!(title.as_str().is_some_and(|title| title != "owned" && title != "1"), "{title}");
                let wide = browser
                    .ask("document.documentElement.scrollWidth - document.documentElement.clientWidth");
                assert_eq!(wide, 0, "{name} at {width}: the page scrolls sideways");
            }
        }
    }
}

#[test]
#[ignore = "make test-docs"]
fn hostile_words_stay_words_when_cells_are_opened_and_searched() {
    let mut browser = Browser::start();
    browser.size(1280, 900);
    let page = Page::of(&sample::audit(9, 12, true), Lang::Sv);
    browser.open(&page.url("#q=%3Cscript%3E&o=%22%3E%3Cimg%20src%3Dx%3E"));
    browser.open(&page.url(""));
    let title = browser.ask("document.title");
    let cells = browser.count(".grid td a");
    browser.ask("document.querySelectorAll('.grid td a').forEach((a) => { a.click(); document.querySelector('#cell').close(); })");
    browser.ask("document.querySelectorAll('.grid td, .grid th').forEach((e) => e.dispatchEvent(new PointerEvent('pointerover', {bubbles: true})))");
    assert!(cells >= 100, "{cells}");
    assert_eq!(browser.ask("document.title"), title);
    assert_eq!(browser.count("img, iframe, object, embed, script:not(:last-of-type)"), 0);
    assert_eq!(browser.complaints(), Vec::<&serde_json::Value>::new());
}

/// Rows and columns of the matrix that are seen.
fn seen(browser: &mut Browser) -> (u64, u64) {
    (browser.count(".grid tbody tr:not([hidden])"), browser.count(".grid thead th[data-limit]:not([hidden])"))
}

#[test]
#[ignore = "make test-docs"]
fn the_filter_narrows_and_is_kept_in_the_address() {
    let mut browser = Browser::start();
    browser.size(1280, 900);
    let audit = sample::audit(50, 100, false);
    let page = Page::of(&audit, Lang::Sv);
    browser.open(&page.url(""));
    assert_eq!(seen(&mut browser), (100, 50));

    browser.click("#words");
    browser.type_text("sshd-hardened web0");
    browser.wait_for("document.querySelector('#shown').textContent !== ''");
    assert_eq!(seen(&mut browser), (10, 9), "ten controls about sshd, web01 to web09");
    assert_eq!(browser.count("details.control:not([hidden])"), 10);
    assert_eq!(browser.count("#hosts tr[data-host]:not([hidden])"), 9);
    keep(&mut browser, "filtered");

    browser.click("[data-outcome=fail].chip");
    let failing = audit.hosts.iter().filter(|h| h.host.starts_with("web0")).flat_map(|h| &h.results);
    let failing = failing.filter(|r| r.control.starts_with("sshd") && r.outcome == Outcome::Fail);
    let visible = ".grid tr:not([hidden]) td:not([hidden]):not(.dim)";
    assert_eq!(browser.count(visible), failing.count() as u64);
    let address = browser.ask("location.href");
    let shown = seen(&mut browser);

    browser.open(address.as_str().expect("an address"));
    assert_eq!(seen(&mut browser), shown, "the address alone gives the same view");
    browser.click("#clear");
    assert_eq!(seen(&mut browser), (100, 50));

    browser.type_text("no such thing");
    browser.wait_for("!document.querySelector('#nothing').hidden");
    assert_eq!(seen(&mut browser).0, 0);

    browser.open(&page.url("#v=not_fulfilled"));
    assert_eq!(browser.count("details.requirement:not([hidden])"), 1);
    assert_eq!(browser.complaints(), Vec::<&serde_json::Value>::new());
}

#[test]
#[ignore = "make test-docs"]
fn what_is_found_is_searched_too() {
    let mut browser = Browser::start();
    let mut audit = sample::audit(4, 10, false);
    audit.hosts[3].results[0].why = harda::compliance::Text::both("unlikely-word");
    let page = Page::of(&audit, Lang::En);
    browser.open(&page.url("#q=Unlikely-Word"));
    assert_eq!(seen(&mut browser), (1, 1));
}

#[test]
#[ignore = "make test-docs"]
fn it_goes_by_keyboard_alone() {
    let mut browser = Browser::start();
    browser.size(1280, 900);
    let audit = sample::audit(4, 10, false);
    browser.open(&Page::of(&audit, Lang::En).url(""));
    let in_grid = "!!document.activeElement.closest('.grid')";
    let mut tabs = 0;
    while browser.ask(in_grid) != true {
        browser.press("Tab");
        tabs += 1;
        assert!(tabs < 60, "the matrix is not reached");
    }
    let outline = browser.ask("getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(outline, "solid", "the focus is seen");
    browser.press("ArrowDown");
    browser.press("ArrowRight");
    browser.press("ArrowLeft");
    browser.press("ArrowUp");
    assert_eq!(browser.ask("document.activeElement.closest('td').cellIndex"), 1);
    keep(&mut browser, "focus");

    browser.press("Enter");
    assert_eq!(browser.ask("document.querySelector('#cell').open"), true);
    keep(&mut browser, "cell");
    let text = browser.ask("document.querySelector('#cell').innerText");
    let text = text.as_str().expect("text");
    for part in [
        "USB storage is disabled",
        "web01.prod.example.se",
        "Found",
        "0664",
        "Expected",
        "0644",
        "Evidence",
        "harda remediate --from 20261125T084445Z-8520 --control usb-storage-disabled --limit web01.prod.example.se",
    ] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    browser.press("Escape");
    assert_eq!(browser.ask("document.querySelector('#cell').open"), false);
    assert_eq!(browser.ask(in_grid), true, "the focus is back where it was");
    browser.press("Tab");
    assert_eq!(browser.ask(in_grid), false, "one stop for all cells");
}

#[test]
#[ignore = "make test-docs"]
fn a_cell_shows_what_its_own_host_answered() {
    let mut browser = Browser::start();
    browser.size(1280, 900);
    let mut audit = sample::audit(1, 1, false);
    let first = audit.hosts[0].clone();
    audit.hosts = (0..4).map(|n| HostResult { host: format!("web{n}"), ..first.clone() }).collect();
    for (n, host) in audit.hosts.iter_mut().enumerate() {
        host.results[0].evidence[0].asked[0].told = format!("answer-{n}");
    }
    browser.open(&Page::of(&audit, Lang::En).url(""));
    browser.click(".grid td:nth-of-type(3) a");
    let text = browser.ask("document.querySelector('#cell-body').textContent");
    let text = text.as_str().expect("text");
    assert!(text.contains("answer-2") && !text.contains("answer-1"), "{text}");
    assert!(text.contains("--limit web2"), "{text}");
    assert!(!text.contains("web1"), "{text}");
}

#[test]
#[ignore = "make test-docs"]
fn signs_can_be_read_in_light_and_dark() {
    // The ratio of WCAG 2, of each sign's colour on its own background.
    const CONTRAST: &str = "
        const channel = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        const light = (rgb) => { const [r, g, b] = rgb.match(/[\\d.]+/g).map(Number);
            return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
        [...document.querySelectorAll('.badge, .grid td[data-outcome], .strip i')].map((e) => {
            const style = getComputedStyle(e);
            const [a, b] = [light(style.color), light(style.backgroundColor)].sort((x, y) => y - x);
            return [e.className, Math.round((a + 0.05) / (b + 0.05) * 10) / 10];
        }).filter(([, ratio]) => ratio < 4.5)";
    let mut browser = Browser::start();
    let page = Page::of(&sample::audit(20, 20, false), Lang::Sv);
    for scheme in ["light", "dark"] {
        browser.scheme(scheme);
        browser.open(&page.url(""));
        let weak = browser.ask(CONTRAST);
        assert_eq!(weak, serde_json::json!([]), "{scheme}");
    }
    let words =
        "[...document.querySelectorAll('.grid td a')].every((a) => a.textContent.trim() && a.ariaLabel)";
    assert_eq!(browser.ask(words), true, "no cell is colour alone");
}

#[test]
#[ignore = "make test-docs"]
fn it_prints_whole() {
    let mut browser = Browser::start();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("audit.pdf");
    for (hosts, controls) in [(4, 10), (50, 20)] {
        let audit = sample::audit(hosts, controls, false);
        browser.scheme("dark");
        browser.open(&Page::of(&audit, Lang::Sv).url(""));
        std::fs::write(&file, browser.print()).expect("a file");
        let text = ran("pdftotext", &["-layout"], &file);
        assert!(text.status.success());
        let text = std::fs::read_to_string(file.with_extension("txt")).expect("text");
        for part in ["Efterlevs inte", "PermitRootLogin", "harda remediate", "A. Person"] {
            assert!(text.contains(part), "`{part}` is not on paper, of {hosts} hosts");
        }
        for host in &audit.hosts {
            assert!(text.contains(&host.host), "`{}` is not on paper", host.host);
        }
        assert!(!text.contains("Sök värd"), "the filter is not for paper");
        if let Some(folder) = std::env::var_os("HARDA_PICTURES") {
            std::fs::copy(&file, PathBuf::from(folder).join(format!("print-{hosts}.pdf"))).expect("a copy");
        }
    }
}

#[test]
#[ignore = "make test-docs"]
fn fifty_hosts_and_a_hundred_controls_are_no_burden() {
    let mut browser = Browser::start();
    browser.size(1280, 900);
    let page = Page::of(&sample::audit(50, 100, false), Lang::Sv);
    browser.open(&page.url(""));
    keep(&mut browser, "large");
    let loaded = browser.ask("performance.timing.domComplete - performance.timing.navigationStart");
    let took = "(() => { const words = document.querySelector('#words'); words.value = 'permitrootlogin web'; \
        const start = performance.now(); document.querySelector('.chip').click(); return performance.now() - start; })()";
    let filtered = browser.ask(took);
    println!("opened in {loaded} ms, first filter in {filtered} ms");
    let (rows, columns) = seen(&mut browser);
    assert!(rows < 100 && columns <= 50, "{rows} rows and {columns} columns are seen through the filter");
}
