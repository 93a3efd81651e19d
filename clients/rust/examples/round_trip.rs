//! Reads frames, one a line, `ClientFrame` or `ServerFrame` and a tab before each, and writes them again.
use std::io::{stdin, BufRead};
use veza_chat::{ClientFrame, ServerFrame};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in stdin().lock().lines() {
        let line = line?;
        let (union, text) = line.split_once('\t').ok_or("a line has a tab")?;
        let written = match union {
            "ClientFrame" => serde_json::to_string(&serde_json::from_str::<ClientFrame>(text)?)?,
            _ => serde_json::to_string(&serde_json::from_str::<ServerFrame>(text)?)?,
        };
        println!("{written}");
    }
    Ok(())
}
