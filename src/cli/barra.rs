//! Progress, on a terminal alone.

use super::app::App;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar; none where nobody looks.
pub struct Barra(Option<ProgressBar>);

impl Barra {
    /// Of bytes; not shown before something moves.
    pub fn new(app: &App) -> Self {
        if !app.interactive() {
            return Self(None);
        }
        let b = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("  {msg:<9} {bar:30} {bytes:>10}/{total_bytes} {eta}") {
            b.set_style(style);
        }
        Self(Some(b))
    }

    /// The same for things that are counted.
    pub fn de_contagem(app: &App) -> Self {
        let bar = Self::new(app);
        if let (Some(b), Ok(style)) = (&bar.0, ProgressStyle::with_template("  {msg:<9} {bar:30} {pos}/{len} {eta}")) {
            b.set_style(style);
        }
        bar
    }

    /// So much of `what` so far.
    pub fn anda(&self, done: u64, total: u64, what: &str) {
        if let Some(b) = &self.0 {
            b.set_length(total);
            b.set_position(done);
            b.set_message(what.to_owned());
        }
    }

    /// Nothing of it stays on the screen.
    pub fn apaga(&self) {
        if let Some(b) = &self.0 {
            b.finish_and_clear();
        }
    }
}
