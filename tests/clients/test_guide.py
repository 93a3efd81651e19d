"""The code in docs/write-a-client.md compiles."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.clients.tools import CLIENTS, TSC, need, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]

GUIDE = CLIENTS.parent / "docs" / "write-a-client.md"


def snippet(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    text: str = found
    return text


def test_of_typescript(tmp_path: Path) -> None:
    need("node", str(TSC))
    for file in (CLIENTS / "typescript").glob("*.ts"):
        shutil.copy(file, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "guide.ts").write_text(f"""
import {{ ChatClient }} from "./client.js"
import type {{ Message }} from "./messages.js"
declare function freshToken(): Promise<string>
declare function show(user: string, isTyping: boolean): void
declare function render(conversation: string, messages: ReadonlyMap<string, Message>): void
declare const conversation: string
declare const form: HTMLFormElement
declare const input: HTMLInputElement
{snippet("ts")}""")
    base = str(CLIENTS / "typescript" / "tsconfig.json")
    (tmp_path / "tsconfig.json").write_text(json.dumps({"extends": base, "include": ["*.ts"]}))
    run("node", TSC, "--project", tmp_path, "--noEmit")


def test_of_go(tmp_path: Path) -> None:
    need("go")
    place = CLIENTS / "go"
    (tmp_path / "go.mod").write_text(
        f"module guide\n\ngo 1.21\n\nrequire vezachat v0.0.0\n\nreplace vezachat => {place}\n"
    )
    (tmp_path / "guide.go").write_text(f"""package guide

import (
	"fmt"

	"vezachat"
)

func Guide(data []byte, id string) ([]byte, error) {{
{snippet("go")}
return data, err
}}
""")
    run("go", "vet", "./...", folder=tmp_path)


def test_of_rust(tmp_path: Path) -> None:
    need("cargo")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "lib.rs").write_text(f"""
use veza_chat::ServerFrame;
pub fn guide(text: &str) -> Result<(), serde_json::Error> {{
{snippet("rust").replace("&text", "text")}
Ok(())
}}
""")
    dependencies = f'veza-chat = {{path = "{(CLIENTS / "rust").as_posix()}"}}\nserde_json = "1"\n'
    head = '[package]\nname = "guide"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n'
    (tmp_path / "Cargo.toml").write_text(head + dependencies)
    run("cargo", "check", "--quiet", folder=tmp_path, CARGO_TARGET_DIR=str(tmp_path / "target"))
