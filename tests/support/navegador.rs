//! A real browser: Debian's chromium, headless, through chromedriver's WebDriver (JSON over HTTP).

use base64::Engine as _;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The driver and one browser; both end when dropped.
pub struct Navegador {
    driver: Child,
    agent: ureq::Agent,
    session: String,
    _profile: tempfile::TempDir,
}

impl Navegador {
    pub fn novo() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .env("LANGUAGE", "pt_BR")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver: scripts/test installs it");
        let port = porta(&mut driver);
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let mut me = Self {
            driver,
            agent: config.into(),
            session: format!("http://127.0.0.1:{port}/session"),
            _profile: profile,
        };
        let args = [
            "--headless=new",
            // a container has no user namespaces to make a sandbox of; only our own pages are opened
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--lang=pt-BR",
            &format!("--user-data-dir={}", me._profile.path().display()),
        ];
        let wish = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": args},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "timeouts": {"implicit": 5000, "pageLoad": 30000},
        }}});
        let made = me.post("", &wish);
        let id = made["sessionId"].as_str().unwrap_or_else(|| panic!("{made}"));
        me.session = format!("{}/{id}", me.session);
        me
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let req = self.agent.post(format!("{}{path}", self.session)).header("Content-Type", "application/json");
        let mut r = req.send(body.to_string()).unwrap();
        let text = r.body_mut().with_config().limit(64 << 20).read_to_string().unwrap();
        serde_json::from_str::<Value>(&text).unwrap_or_else(|e| panic!("{e}: {text}"))["value"].clone()
    }

    #[track_caller]
    fn faz(&self, path: &str, body: &Value) -> Value {
        let v = self.post(path, body);
        assert!(v.get("error").is_none(), "{path} {body}: {v}\n{}", self.texto());
        v
    }

    #[track_caller]
    pub fn abre(&self, url: &str) {
        self.faz("/url", &json!({"url": url}));
    }

    /// The page's source; empty when there is none.
    pub fn texto(&self) -> String {
        let v = self.post("/execute/sync", &json!({"script": "return document.documentElement.outerHTML", "args": []}));
        v.as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    fn acha(&self, css: &str) -> String {
        let v = self.faz("/element", &json!({"using": "css selector", "value": css}));
        v[ELEMENT].as_str().unwrap_or_else(|| panic!("{css}: {v}")).to_owned()
    }

    #[track_caller]
    pub fn clica(&self, css: &str) {
        let e = self.acha(css);
        self.faz(&format!("/element/{e}/click"), &json!({}));
    }

    #[track_caller]
    pub fn escreve(&self, css: &str, text: &str) {
        let e = self.acha(css);
        self.faz(&format!("/element/{e}/value"), &json!({"text": text}));
    }

    #[track_caller]
    pub fn js(&self, script: &str) -> Value {
        self.faz("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// Waits until the page holds a text.
    #[track_caller]
    pub fn espera(&self, text: &str) {
        let begun = Instant::now();
        while !self.texto().contains(text) {
            assert!(begun.elapsed() < Duration::from_secs(20), "no “{text}” in {}", self.texto());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Chooses the entry of a list by its text.
    #[track_caller]
    pub fn escolhe(&self, css: &str, text: &str) {
        let script = format!(
            "const s = document.querySelector({css:?}); const o = [...s.options].find(o => o.text === {text:?});
             s.value = o.value; return s.value"
        );
        assert!(self.js(&script).is_string());
    }

    #[track_caller]
    pub fn cdp(&self, cmd: &str, params: Value) -> Value {
        self.faz("/goog/cdp/execute", &json!({"cmd": cmd, "params": params}))
    }

    /// The window as wide as a screen.
    #[track_caller]
    pub fn largura(&self, width: u32, height: u32) {
        let m = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.cdp("Emulation.setDeviceMetricsOverride", m);
    }

    /// What the page looks like, as far as a screen shows it.
    #[track_caller]
    pub fn retrata(&self, path: &Path) {
        let shot = self.cdp("Page.captureScreenshot", json!({"format": "png"}));
        let png = base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        std::fs::write(path, png).unwrap();
    }

    /// What the console said since last asked: violations of the CSP, failed loads, errors.
    #[track_caller]
    pub fn console(&self) -> Vec<String> {
        let v = self.faz("/se/log", &json!({"type": "browser"}));
        v.as_array().unwrap().iter().map(|l| l["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Every address that was asked for since last asked.
    #[track_caller]
    pub fn pedidos(&self) -> Vec<String> {
        let v = self.faz("/se/log", &json!({"type": "performance"}));
        let of = |l: &Value| {
            let m: Value = serde_json::from_str(l["message"].as_str()?).ok()?;
            let m = &m["message"];
            (m["method"] == "Network.requestWillBeSent")
                .then(|| m["params"]["request"]["url"].as_str().map(str::to_owned))?
        };
        v.as_array().unwrap().iter().filter_map(of).collect()
    }
}

fn porta(driver: &mut Child) -> u16 {
    use std::io::{BufRead, BufReader};
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|l| l.split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok())
        .expect("chromedriver says its port");
    // what else it says goes nowhere, but it must be read
    std::thread::spawn(move || lines.for_each(drop));
    port
}

impl Drop for Navegador {
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
