# The demo's steps, as a test, with the sanitized programs.
TAP=1 exec bash "$TOP/tests/demo/demo.sh"
