//! What a portal looks like: a theme, fonts and texts, with Konnect's names for them.

use crate::{
    problem::Rule,
    text::{DESCRIPTION_MAX, Fields, NAME_MAX},
};
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:tt),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum $name { $(#[serde(rename = $text)] $variant),+ }
    };
}

words! {
    /// A set of colours.
    ThemeName { MintRocket = "mint_rocket", DarkMode = "dark_mode", Custom = "custom" }
}

words! {
    /// The fonts on offer.
    FontName {
        Roboto = "Roboto",
        Inter = "Inter",
        OpenSans = "Open Sans",
        Lato = "Lato",
        Slabo27 = "Slabo 27px",
        Slabo13 = "Slabo 13px",
        Oswald = "Oswald",
        SourceSansPro = "Source Sans Pro",
        Montserrat = "Montserrat",
        Raleway = "Raleway",
        PtSans = "PT Sans",
        Lora = "Lora",
        RobotoMono = "Roboto Mono",
        Inconsolata = "Inconsolata",
        SourceCodePro = "Source Code Pro",
        PtMono = "PT Mono",
        UbuntuMono = "Ubuntu Mono",
        IbmPlexMono = "IBM Plex Mono",
    }
}

macro_rules! object {
    ($(#[$doc:meta])* $name:ident { $($property:ident: $kind:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(deny_unknown_fields)]
        pub struct $name { $(pub $property: $kind),+ }
    };
}

/// A colour, as CSS writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Color {
    pub value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub description: Option<String>,
}

object! {
    /// The colours of the parts of a page.
    SectionColors { header: Color, body: Color, hero: Color, accent: Color, tertiary: Color, stroke: Color, footer: Color }
}
object! {
    /// The colours of texts.
    TextColors {
        header: Color, hero: Color, headings: Color, primary: Color, secondary: Color, accent: Color, link: Color, footer: Color,
    }
}
object! {
    /// The colours of buttons.
    ButtonColors { primary_fill: Color, primary_text: Color }
}
object! {
    /// All colours.
    ThemeColors { section: SectionColors, text: TextColors, button: ButtonColors }
}
object! {
    /// A theme.
    ThemeVariables { colors: ThemeColors }
}
object! {
    /// A font for each kind of text.
    Fonts { base: FontName, code: FontName, headings: FontName }
}
object! {
    /// The texts at the top of the catalogue.
    CatalogTexts { welcome_message: String, primary_header: String }
}
object! {
    /// Texts of a portal.
    Texts { catalog: CatalogTexts }
}
object! {
    /// What was chosen for a portal; none where it is what every portal has.
    Appearance {
        theme_name: ThemeName,
        use_custom_fonts: bool,
        custom_theme: Option<ThemeVariables>,
        custom_fonts: Option<Fonts>,
        text: Option<Texts>,
    }
}

impl Default for Appearance {
    fn default() -> Self {
        Self { theme_name: ThemeName::MintRocket, use_custom_fonts: false, custom_theme: None, custom_fonts: None, text: None }
    }
}

impl Default for Fonts {
    fn default() -> Self {
        Self { base: FontName::Roboto, code: FontName::RobotoMono, headings: FontName::Lato }
    }
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            catalog: CatalogTexts {
                welcome_message: "Welcome to our service catalog".to_owned(),
                primary_header: "Find All of Our Services in a Single Place".to_owned(),
            },
        }
    }
}

impl ThemeVariables {
    /// The light theme.
    pub fn mint_rocket() -> Self {
        let [light, white, green, ink] = ["#F8F8F8", "#FFFFFF", "#07A88D", "rgba(0,0,0,0.8)"].map(color);
        Self {
            colors: ThemeColors {
                section: SectionColors {
                    header: light.clone(),
                    body: white.clone(),
                    hero: light.clone(),
                    accent: light,
                    tertiary: white.clone(),
                    stroke: color("rgba(0,0,0,0.1)"),
                    footer: green.clone(),
                },
                text: TextColors {
                    header: ink.clone(),
                    hero: white.clone(),
                    headings: ink.clone(),
                    primary: ink.clone(),
                    secondary: ink,
                    accent: green.clone(),
                    link: green,
                    footer: white.clone(),
                },
                button: ButtonColors { primary_fill: color("#1155CB"), primary_text: white },
            },
        }
    }

    /// The dark theme.
    pub fn dark_mode() -> Self {
        let [white, pale, grey, blue] = ["#FFFFFF", "#C8C8C9", "#919294", "#2977FF"].map(color);
        Self {
            colors: ThemeColors {
                section: SectionColors {
                    header: color("#0A161E"),
                    body: color("#0C0C0C"),
                    hero: color("#1A1D21"),
                    accent: color("#1F1F1F"),
                    tertiary: color("#222529"),
                    stroke: color("#34393F"),
                    footer: color("#212429"),
                },
                text: TextColors {
                    header: white.clone(),
                    hero: white.clone(),
                    headings: white.clone(),
                    primary: pale,
                    secondary: grey.clone(),
                    accent: grey,
                    link: blue,
                    footer: white.clone(),
                },
                button: ButtonColors { primary_fill: color("#1155CB"), primary_text: white },
            },
        }
    }

    fn colors(&self) -> impl Iterator<Item = &Color> {
        let ThemeColors { section: s, text: t, button: b } = &self.colors;
        let section = [&s.header, &s.body, &s.hero, &s.accent, &s.tertiary, &s.stroke, &s.footer];
        let text = [&t.header, &t.hero, &t.headings, &t.primary, &t.secondary, &t.accent, &t.link, &t.footer];
        section.into_iter().chain(text).chain([&b.primary_fill, &b.primary_text])
    }
}

fn color(value: &str) -> Color {
    Color { value: value.to_owned(), description: None }
}

impl Appearance {
    /// Checks what somebody chose. Colours become part of a style sheet, so nothing that ends a value may be in one.
    pub fn check(&self, fields: &mut Fields) {
        if self.theme_name == ThemeName::Custom && self.custom_theme.is_none() {
            fields.reject("custom_theme", Rule::Required);
        }
        for color in self.custom_theme.iter().flat_map(ThemeVariables::colors) {
            let value = fields.line("custom_theme.colors", &color.value, NAME_MAX);
            if !value.chars().all(|c| c.is_ascii_alphanumeric() || "#(),.%/- ".contains(c)) {
                fields.reject("custom_theme.colors", Rule::Pattern("^[#(),.%/ a-zA-Z0-9-]+$".to_owned()));
            }
            fields.optional_line("custom_theme.colors", color.description.as_deref().unwrap_or_default(), DESCRIPTION_MAX);
        }
        if let Some(Texts { catalog }) = &self.text {
            fields.optional_line("text.catalog.welcome_message", &catalog.welcome_message, DESCRIPTION_MAX);
            fields.optional_line("text.catalog.primary_header", &catalog.primary_header, DESCRIPTION_MAX);
        }
    }
}
