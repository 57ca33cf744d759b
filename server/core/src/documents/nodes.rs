//! A document's markdown as the tree of nodes that Konnect's contracts have.

use comrak::{
    Arena, Options,
    nodes::{AstNode, ListType, NodeValue, TableAlignment},
    parse_document,
};
use serde_json::{Value, json};

/// How deep nodes go before what is further in is told as text: many readers of JSON take no more than 128 levels, of
/// which each node has two, and deeper ones would use up the stack.
const DEPTH_MAX: usize = 50;

/// The extensions of CommonMark that documents may use.
fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.autolink = true;
    options
}

/// The nodes of a markdown text.
pub fn of(markdown: &str) -> Vec<Value> {
    let arena = Arena::new();
    children(parse_document(&arena, markdown, &options()), &[], 0)
}

/// `columns` are the alignments of the table that a node is in.
fn children<'a>(node: &'a AstNode<'a>, columns: &[TableAlignment], depth: usize) -> Vec<Value> {
    if depth == DEPTH_MAX {
        return vec![json!({"type": "text", "text": plain(node)})];
    }
    let mut nodes: Vec<Value> = Vec::new();
    for (index, child) in node.children().enumerate() {
        let value = &child.data.borrow().value;
        match (value, nodes.last_mut().and_then(Value::as_object_mut)) {
            // A break belongs to the text before it.
            (NodeValue::SoftBreak | NodeValue::LineBreak, Some(text)) if text.get("type") == Some(&json!("text")) => {
                let kind = if *value == NodeValue::LineBreak { "hardBreak" } else { "softBreak" };
                text.insert(kind.to_owned(), json!(true));
            }
            _ => nodes.extend(of_node(child, value, columns, index, depth)),
        }
    }
    nodes
}

fn of_node<'a>(node: &'a AstNode<'a>, value: &NodeValue, columns: &[TableAlignment], index: usize, depth: usize) -> Vec<Value> {
    let inside = || children(node, columns, depth + 1);
    let text = |text: &str| json!({"type": "text", "text": text});
    let one = match value {
        NodeValue::Paragraph => json!({"type": "paragraph", "children": inside()}),
        NodeValue::Heading(heading) => json!({"type": "heading", "level": heading.level, "children": inside()}),
        NodeValue::BlockQuote => json!({"type": "blockquote", "children": inside()}),
        NodeValue::ThematicBreak => json!({"type": "break"}),
        NodeValue::CodeBlock(block) => {
            let lang = block.info.split_whitespace().next().unwrap_or_default();
            json!({"type": "code_block", "lang": lang, "children": [text(&block.literal)]})
        }
        NodeValue::List(list) => {
            json!({"type": "list", "isOrdered": list.list_type == ListType::Ordered, "children": inside()})
        }
        NodeValue::Item(_) => json!({"type": "list_item", "children": inside()}),
        NodeValue::TaskItem(item) => {
            let mut nodes = vec![json!({"type": "task_checkbox", "checked": item.symbol.is_some()})];
            nodes.extend(inside());
            json!({"type": "list_item", "children": nodes})
        }
        NodeValue::Text(literal) => text(literal),
        NodeValue::HtmlInline(literal) => text(literal),
        NodeValue::HtmlBlock(block) => json!({"type": "text_block", "children": [text(&block.literal)]}),
        NodeValue::SoftBreak => json!({"type": "text", "text": "", "softBreak": true}),
        NodeValue::LineBreak => json!({"type": "text", "text": "", "hardBreak": true}),
        NodeValue::Emph => json!({"type": "emphasis", "level": 1, "children": inside()}),
        NodeValue::Strong => json!({"type": "emphasis", "level": 2, "children": inside()}),
        NodeValue::Strikethrough => json!({"type": "strikethrough", "children": inside()}),
        NodeValue::Code(code) => json!({"type": "code", "children": [text(&code.literal)]}),
        NodeValue::Link(link) => json!({"type": "link", "href": link.url, "title": link.title, "children": inside()}),
        NodeValue::Image(link) => {
            json!({"type": "image", "url": link.url, "title": link.title, "alt": plain(node)})
        }
        NodeValue::Table(table) => {
            let rows = children(node, &table.alignments, depth + 1);
            json!({"type": "table", "alignments": alignments(&table.alignments), "children": rows})
        }
        NodeValue::TableRow(is_header) => {
            let kind = if *is_header { "table_header" } else { "table_row" };
            json!({"type": kind, "alignments": alignments(columns), "children": inside()})
        }
        NodeValue::TableCell => {
            let alignment = columns.get(index).map_or("none", alignment);
            json!({"type": "table_cell", "alignment": alignment, "children": inside()})
        }
        // What has no node of its own is there with what is in it.
        _ => return inside(),
    };
    vec![one]
}

/// The text of a node, without what marks it up.
fn plain<'a>(node: &'a AstNode<'a>) -> String {
    let text = |node: &'a AstNode<'a>| match &node.data.borrow().value {
        NodeValue::Text(text) => text.to_string(),
        NodeValue::Code(code) => code.literal.clone(),
        _ => String::new(),
    };
    node.descendants().map(text).collect()
}

fn alignments(columns: &[TableAlignment]) -> Vec<&'static str> {
    columns.iter().map(alignment).collect()
}

fn alignment(column: &TableAlignment) -> &'static str {
    match column {
        TableAlignment::None => "none",
        TableAlignment::Left => "left",
        TableAlignment::Center => "center",
        TableAlignment::Right => "right",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_nodes_with_what_marks_them() {
        let nodes = of("# A *b*\nc\nd\n\n- [x] done\n\n| l | r |\n|:--|--:|\n| 1 | ![i](u \"t\") |\n\n```sh\nls\n```");
        let expected = json!([
            {"type": "heading", "level": 1, "children": [
                {"type": "text", "text": "A "},
                {"type": "emphasis", "level": 1, "children": [{"type": "text", "text": "b"}]},
            ]},
            {"type": "paragraph", "children": [
                {"type": "text", "text": "c", "softBreak": true},
                {"type": "text", "text": "d"},
            ]},
            {"type": "list", "isOrdered": false, "children": [{"type": "list_item", "children": [
                {"type": "task_checkbox", "checked": true},
                {"type": "paragraph", "children": [{"type": "text", "text": "done"}]},
            ]}]},
            {"type": "table", "alignments": ["left", "right"], "children": [
                {"type": "table_header", "alignments": ["left", "right"], "children": [
                    {"type": "table_cell", "alignment": "left", "children": [{"type": "text", "text": "l"}]},
                    {"type": "table_cell", "alignment": "right", "children": [{"type": "text", "text": "r"}]},
                ]},
                {"type": "table_row", "alignments": ["left", "right"], "children": [
                    {"type": "table_cell", "alignment": "left", "children": [{"type": "text", "text": "1"}]},
                    {"type": "table_cell", "alignment": "right", "children": [
                        {"type": "image", "url": "u", "title": "t", "alt": "i"},
                    ]},
                ]},
            ]},
            {"type": "code_block", "lang": "sh", "children": [{"type": "text", "text": "ls\n"}]},
        ]);
        assert_eq!(json!(nodes), expected);
    }

    #[test]
    fn what_is_nested_too_deeply_is_told_as_text() {
        for (mark, end) in [(">", ""), ("*a **b ", ""), ("[", "](u)"), ("- ", "")] {
            let nodes = of(&format!("{}deep{}", mark.repeat(20_000), end.repeat(20_000)));
            let written = serde_json::to_string(&nodes).unwrap();
            assert!(written.contains("deep"), "{mark}");
            serde_json::from_str::<Value>(&written).unwrap();
        }
    }
}
