"""The page that describes the provisioning API, from its OpenAPI; it has no script and loads nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jinja2 import Environment

if TYPE_CHECKING:
    from collections.abc import Mapping

#: For the page itself: whatever is in it, nothing runs and nothing is fetched.
HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ api.info.title }}: API</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
:root { color-scheme: light dark }
h2 { border-top: 1px solid; padding-top: 1rem; overflow-wrap: anywhere }
pre { overflow-x: auto }
</style>
<h1>{{ api.info.title }}: provisioning API</h1>
<p>The same as OpenAPI: <a href="openapi.json">openapi.json</a></p>
{% for path, methods in api.paths.items() %}{% for method, operation in methods.items() %}
<h2 id="{{ operation.operationId }}"><code>{{ method | upper }} {{ path }}</code></h2>
<p>{{ operation.description or operation.summary }}</p>
{% if operation.security %}<p>Needs the header <code>Authorization: Bearer TOKEN</code>.</p>{% endif %}
<ul>
{% for each in operation.parameters %}
<li><code>{{ each.name }}</code> (in the {{ each.in }}): {{ each.schema.format or each.schema.type }}</li>
{% endfor %}
{% for media, body in (operation.requestBody or {}).get("content", {}).items() %}{% set name = body.schema | name %}
<li>body: {{ media }}, <a href="#{{ name }}">{{ name }}</a></li>
{% endfor %}
{% for status, answer in operation.responses.items() %}
<li>{{ status }}: {{ answer.description }}</li>
{% endfor %}
</ul>
{% endfor %}{% endfor %}
<h1>Schemas</h1>
{% for name, schema in api.components.schemas.items() %}
<h2 id="{{ name }}">{{ name }}</h2>
<pre>{{ schema | pretty }}</pre>
{% endfor %}
</html>
"""


def _environment() -> Environment:
    environment = Environment(autoescape=True, trim_blocks=True)
    environment.filters["name"] = lambda schema: schema["$ref"].rpartition("/")[2]
    environment.filters["pretty"] = lambda schema: json.dumps(schema, indent=2)
    return environment


def describe(openapi: Mapping[str, Any]) -> str:
    """Write the page."""
    return _environment().from_string(_PAGE).render(api=openapi)
