//! Markdown that people wrote, as safe HTML.

use portico_app::ui::markdown::document_html;

fn html(markdown: &str) -> String {
    document_html(markdown).0
}

#[test]
fn nothing_that_runs_or_loads_survives() {
    for attack in [
        "<script>alert(1)</script>",
        "</textarea><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "<iframe src=\"https://example.com\"></iframe>",
        "<style>body{display:none}</style>",
        "<svg onload=alert(1)>",
        "<form action=\"/_fn/sign-out\"><button>x</button></form>",
        "<p style=\"position:fixed\">x</p>",
        "![x](https://tracker.example.com/pixel.png)",
        "```\"><script>alert(1)</script>\nx\n```",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    ] {
        let html = html(attack);
        for bad in [
            "<script",
            "onerror=",
            "onload=",
            "javascript:",
            "data:text",
            "<iframe",
            "<style",
            "<form",
            "style=",
            "tracker.example",
        ] {
            assert!(!html.contains(bad), "{attack} leaves {html}");
        }
    }
}

#[test]
fn headings_get_anchors_of_their_own_and_no_gap_between_levels() {
    let (_, headings) = document_html("## One\n\n#### Deep\n\n## One\n\n<h2 id=\"main\">raw</h2>");
    let told: Vec<_> = headings.iter().map(|heading| (heading.level, heading.anchor.as_str())).collect();
    assert_eq!(told, [(2, "s-one"), (3, "s-deep"), (2, "s-one-1")]);
    assert!(!html("<h2 id=\"main\">raw</h2>").contains("main"));
}

#[test]
fn code_is_highlighted_and_tables_and_lists_are_kept() {
    let html = html("```json\n{\"a\": 1}\n```\n\n| a |\n|---|\n| b |\n\n- [x] done\n\n> [!NOTE]\n> Look.");
    for kept in ["class=\"code-string\"", "<table>", "checkbox", "markdown-alert-note"] {
        assert!(html.contains(kept), "{kept} is not in {html}");
    }
}
