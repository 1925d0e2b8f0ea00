//! What the reports in XML share.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::io;

pub type Xml = Writer<Vec<u8>>;

/// A document of what `content` writes.
pub fn document(content: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    content(&mut xml)?;
    let mut bytes = xml.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

/// An element of text.
pub fn text(xml: &mut Xml, tag: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
    xml.create_element(tag)
        .with_attributes(attributes.iter().copied())
        .write_text_content(BytesText::new(&safe(text)))?;
    Ok(())
}

/// Without what XML 1.0 can't hold: a host's output may be anything.
pub fn safe(text: &str) -> String {
    let fits =
        |c: &char| matches!(c, '\n' | '\t' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(fits).collect()
}
