"""The web page and its HTTP API: labels for people and programs that use no terminal.

FastAPI was chosen because both need the same small API: it checks what comes in against declared types,
and describes itself (OpenAPI) from the same types. The page is hand-written HTML, CSS and JavaScript in
`static`, without a build step and without anything from elsewhere: what it needs most, a ranking that
follows a slider, is one request of some milliseconds, since features stay on the server.
"""
