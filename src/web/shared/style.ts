// The one style sheet of all pages, served as a file so that the pages need no inline style (Content-Security-Policy).

export const STYLE_PATH = '/style.css'

export const STYLE = `
:root { color-scheme: light dark; --ink: #1c2330; --dim: #55606f; --paper: #fff; --card: #f5f7fa; --line: #c9d1dc; --accent: #5b3cc4; --on-accent: #fff; --warn: #fff4d6; --warn-ink: #5c4300; --bad: #fde7e9; --bad-ink: #a3121f; --good: #e0f4e6; --good-ink: #14602f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --dim: #a9b4c2; --paper: #14181f; --card: #1e242e; --line: #3b4656; --accent: #b9a5ff; --on-accent: #1a1040; --warn: #3a2f10; --warn-ink: #ffe3a0; --bad: #43171c; --bad-ink: #ffb3ba; --good: #12351f; --good-ink: #9fe5b5; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
main { max-width: 38rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
h1, h2, h3 { line-height: 1.25; margin: 0 0 1rem; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.25rem; margin-top: 2.5rem; }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
p, ol, ul { margin: .5rem 0; }
ol, ul { padding-left: 1.5rem; }
dl, pre { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 1.25rem 0; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .4rem 1rem; }
dt { color: var(--dim); }
dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: .95em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { padding: .5rem 1rem; white-space: pre-wrap; }
pre span { display: inline-block; }
a { color: var(--accent); }
.notice { background: var(--warn); color: var(--warn-ink); border-radius: .5rem; padding: .75rem 1rem; margin: 1.25rem 0; }
h1.approved { color: var(--good-ink); }
h1.declined, .error { color: var(--bad-ink); }
.notice.approved, .notice.done { background: var(--good); color: var(--good-ink); }
.notice.declined, .notice.expired { background: var(--bad); color: var(--bad-ink); }
.error { display: block; font-weight: 600; scroll-margin: 5rem; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
.copy { display: flex; gap: .5rem; align-items: start; margin: .5rem 0; }
.copy pre { flex: 1; margin: 0; }
article { border-bottom: 1px solid var(--line); padding-bottom: 2rem; }
form + p, .actions + p { margin-top: 1.5rem; }
summary { cursor: pointer; padding: .35rem 0; }
button, .button { font: inherit; text-decoration: none; padding: .6rem 1.4rem; border-radius: .5rem; border: 1px solid var(--line); background: var(--card); color: var(--ink); cursor: pointer; }
.copy button { padding: .5rem .75rem; min-width: 5.5rem; font-size: .95em; line-height: 1.5; }
button.danger { background: var(--bad-ink); border-color: var(--bad-ink); color: var(--bad); }
button.primary, .button { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
fieldset { border: 1px solid var(--line); border-radius: .5rem; margin: 1.25rem 0; padding: .25rem 1rem .75rem; min-width: 0; }
legend { padding: 0 .4rem; font-weight: 600; }
.choice { display: flex; gap: .75rem; align-items: start; padding: .45rem 0; cursor: pointer; }
.choice input { flex: none; width: 1.1rem; height: 1.1rem; margin: .25rem 0 0; accent-color: var(--accent); }
.choice strong { display: block; }
summary { cursor: pointer; padding: .25rem 0; }
label[for] { display: block; font-weight: 600; }
input[type=text] { font: inherit; display: block; width: 100%; margin: .35rem 0; padding: .5rem .75rem; border: 1px solid var(--dim); border-radius: .5rem; background: var(--paper); color: var(--ink); }
input[aria-invalid] { border: 2px solid var(--bad-ink); }
small { color: var(--dim); display: block; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.said { position: fixed; clip-path: inset(50%); }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; gap: 0; } dd + dt { margin-top: .6rem; } .actions > *, .copy pre { flex: 0 0 100%; text-align: center; } .copy { flex-wrap: wrap; } .copy pre { text-align: left; } }
`
