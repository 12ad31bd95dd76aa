//! Framing on bytes: a file into lines, in one pass and constant memory.
//!
//! Windows and Unix line breaks; a UTF-8 byte-order mark, a final Ctrl-Z and one blank last line are
//! tolerated (decisions 6). Nothing is decoded here and nothing is dropped silently: a last line without
//! its break is handed out and marked.

use std::io::{self, Read};

/// One line as it stands in the file.
#[derive(Clone, Copy, Debug)]
pub struct RawLine<'a> {
    /// Physical line, from 1.
    pub number: u32,
    /// Its bytes without the line break.
    pub bytes: &'a [u8],
    /// The same with the line break as it stood.
    pub whole: &'a [u8],
    /// Whether a line break ends it.
    pub terminated: bool,
}

/// Why a file cannot be cut into lines.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Reading failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line is longer than any record could be; it is not read further.
    #[error("line {line} is longer than {max} bytes")]
    TooLong {
        /// Physical line, from 1.
        line: u32,
        /// The bound in bytes.
        max: usize,
    },
}

const BLOCK: usize = 256 * 1024;
const BOM: &[u8] = b"\xEF\xBB\xBF";
const CTRL_Z: u8 = 0x1A;

/// Cuts a reader into lines of at most `max` bytes.
pub struct Lines<R> {
    inner: R,
    buf: Vec<u8>,
    start: usize,
    end: usize,
    eof: bool,
    number: u32,
    max: usize,
}

impl<R: Read> Lines<R> {
    /// Lines of `inner`; one longer than `max` bytes is an error.
    pub fn new(inner: R, max: usize) -> Self {
        let size = BLOCK.max(2 * (max + 2));
        Self { inner, buf: vec![0; size], start: 0, end: 0, eof: false, number: 0, max }
    }

    /// The next line, or `None` at the end.
    ///
    /// # Errors
    /// [`FrameError::Io`] and [`FrameError::TooLong`]; the reader is not to be used afterwards.
    pub fn next_line(&mut self) -> Result<Option<RawLine<'_>>, FrameError> {
        if self.number == 0 {
            self.fill_to(BOM.len())?;
            if self.buf[self.start..self.end].starts_with(BOM) {
                self.start += BOM.len();
            }
        }
        let Some((len, terminated)) = self.find_break()? else { return Ok(None) };
        let taken = len + usize::from(terminated);
        // two bytes of look-ahead tell the last line; after this the buffer does not move any more
        self.fill_to(taken + 2)?;
        let mut line = self.start..self.start + len;
        let whole = self.start..self.start + taken;
        self.start += taken;
        if terminated && self.buf[line.clone()].last() == Some(&b'\r') {
            line.end -= 1;
        }
        if matches!(&self.buf[self.start..self.end], [] | [CTRL_Z]) {
            if self.buf[line.clone()].last() == Some(&CTRL_Z) && !terminated {
                line.end -= 1;
            }
            if line.is_empty() || self.buf[line.clone()] == [CTRL_Z] {
                self.start = self.end;
                return Ok(None);
            }
        }
        self.number = self.number.saturating_add(1);
        Ok(Some(RawLine { number: self.number, bytes: &self.buf[line], whole: &self.buf[whole], terminated }))
    }

    /// Length of the line at `start` and whether it has a break; `None` at the end of the file.
    fn find_break(&mut self) -> Result<Option<(usize, bool)>, FrameError> {
        let mut seen = 0;
        loop {
            let have = &self.buf[self.start..self.end];
            if let Some(at) = memchr::memchr(b'\n', &have[seen..]) {
                let len = seen + at;
                return if len > self.max + 1 { Err(self.too_long()) } else { Ok(Some((len, true))) };
            }
            seen = have.len();
            if seen > self.max + 1 {
                return Err(self.too_long());
            }
            if self.eof {
                return Ok((seen > 0).then_some((seen, false)));
            }
            self.fill()?;
        }
    }

    fn too_long(&self) -> FrameError {
        FrameError::TooLong { line: self.number.saturating_add(1), max: self.max }
    }

    /// Makes `want` bytes available behind `start`, fewer only at the end of the file.
    fn fill_to(&mut self, want: usize) -> io::Result<()> {
        while !self.eof && self.end - self.start < want {
            self.fill()?;
        }
        Ok(())
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 && self.buf.len() - self.end < self.buf.len() / 2 {
            self.buf.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        loop {
            match self.inner.read(&mut self.buf[self.end..]) {
                Ok(0) => self.eof = true,
                Ok(n) => self.end += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            }
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out `step` bytes at a time, to move every boundary through the buffer.
    struct Slow<'a>(&'a [u8], usize);
    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(out.len());
            out[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn lines(bytes: &[u8]) -> Vec<(u32, Vec<u8>, bool)> {
        let read = |step| {
            let mut l = Lines::new(Slow(bytes, step), 10);
            let mut out = Vec::new();
            while let Some(r) = l.next_line().unwrap() {
                out.push((r.number, r.bytes.to_vec(), r.terminated));
            }
            out
        };
        let all = read(usize::MAX);
        assert_eq!(all, read(1));
        assert_eq!(all, read(3));
        all
    }

    #[test]
    fn crlf_lf_bom_ctrl_z_e_linha_em_branco_final_sao_tolerados() {
        let two = vec![(1, b"ab".to_vec(), true), (2, b"cd".to_vec(), true)];
        for ok in ["ab\r\ncd\r\n", "ab\ncd\n", "\u{feff}ab\ncd\n", "ab\ncd\n\x1a", "ab\ncd\n\r\n", "ab\ncd\n\n\x1a"] {
            assert_eq!(lines(ok.as_bytes()), two, "{ok:?}");
        }
        assert!(lines(b"").is_empty());
        assert!(lines(b"\x1a").is_empty());
    }

    #[test]
    fn a_ultima_linha_sem_quebra_e_entregue_e_marcada() {
        assert_eq!(lines(b"ab\ncd"), [(1, b"ab".to_vec(), true), (2, b"cd".to_vec(), false)]);
        assert_eq!(lines(b"ab\ncd\x1a")[1], (2, b"cd".to_vec(), false));
    }

    #[test]
    fn linha_em_branco_no_meio_nao_e_descartada() {
        assert_eq!(lines(b"ab\n\ncd\n").len(), 3);
    }

    #[test]
    fn linha_longa_demais_para_a_leitura() {
        let mut l = Lines::new(&b"ab\n01234567890123456789\n"[..], 10);
        assert!(l.next_line().unwrap().is_some());
        assert!(matches!(l.next_line(), Err(FrameError::TooLong { line: 2, max: 10 })));
    }
}
