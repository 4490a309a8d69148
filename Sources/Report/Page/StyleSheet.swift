/// The page's style sheet: light and dark by the reader's setting, one column on a phone, two for figures on a desk.
///
/// Classes of drawings are short because they stand on every mark: `l` line, `d` dashed, `f` faint, `m` mark, `o` outline, `e` error
/// bar, `w` whisker on a bar, `iv` interval, `b` bar, `gr` grid, `ax` axis, `bd` boundary, `rf` reference, `ld` leader, `t` text (`a` axis
/// title, `n` numbers, `h` heading, `q` quiet, `c` in the series' colour).
let styleSheet = """
    :root{--page:#f6f6f3;--card:#fff;--ink:#1c1f24;--soft:#565c66;--line:#e3e3de;--grid:#ececea;--accent:#174f96;\
    --quiet:#a3a8b0;\(Palette.variables(Palette.light))}
    @media (prefers-color-scheme:dark){:root{--page:#0f1114;--card:#16191d;--ink:#e8eaed;--soft:#a4abb5;--line:#2a2f36;\
    --grid:#242930;--accent:#65a3fc;--quiet:#656c76;\(Palette.variables(Palette.dark))}}
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
    @media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
    body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,\
    "Helvetica Neue",Arial,sans-serif}
    header,main{max-width:1120px;margin:0 auto;padding:0 24px}
    header{padding-top:48px}
    .kicker{margin:0;color:var(--accent);font-size:13px;font-weight:600;letter-spacing:.06em;text-transform:uppercase}
    h1{margin:4px 0 8px;font-size:38px;line-height:1.15;letter-spacing:-.02em;overflow-wrap:anywhere}
    h2{margin:0 0 12px;font-size:24px;line-height:1.25;letter-spacing:-.01em}
    h3{margin:0;font-size:16px;line-height:1.35}
    .lead{margin:0 0 16px;max-width:76ch;color:var(--soft)}
    nav ul{display:flex;flex-wrap:wrap;gap:6px 18px;margin:18px 0 0;padding:12px 0;list-style:none;\
    border-top:1px solid var(--line);border-bottom:1px solid var(--line);font-size:14px}
    a{color:var(--accent);text-decoration:none}
    a:hover,a:focus-visible{text-decoration:underline}
    section{margin:44px 0 0;scroll-margin-top:16px}
    .verdict{margin-top:28px;padding:22px 26px 8px;background:var(--card);border:1px solid var(--line);border-radius:12px}
    .verdict dl{margin:12px 0 0}
    .verdict dl div{display:grid;grid-template-columns:92px 1fr;gap:16px;padding:11px 0;border-top:1px solid var(--line)}
    .verdict dt{color:var(--soft);font-size:13px;line-height:1.9}
    .verdict dd{margin:0;max-width:80ch;overflow-wrap:anywhere}
    .verdict .yes dt{color:var(--accent);font-weight:600}
    .verdict dl div:first-child dd{font-size:18px;line-height:1.5}
    .figures{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:20px}
    figure{margin:0;padding:18px 20px 12px;background:var(--card);border:1px solid var(--line);border-radius:12px;\
    min-width:0}
    figure.full{grid-column:1/-1}
    figcaption p{margin:2px 0 0;color:var(--soft);font-size:14px}
    .figures:has(figure){margin-bottom:20px}
    .legend{display:flex;flex-wrap:wrap;gap:2px 16px;margin:8px 0 10px;padding:0;list-style:none;font-size:13px;\
    color:var(--soft)}
    .legend:empty{display:none}
    .legend li{display:flex;align-items:center;gap:6px;min-width:0;overflow-wrap:anywhere}
    .k{flex:none;vertical-align:-1px;overflow:visible}
    td .k{margin-right:8px}
    figure>svg{display:block;width:100%;height:auto;margin-top:10px;overflow:visible}
    .narrow{display:none!important}
    .table{margin:0 0 20px;padding:18px 20px 14px;background:var(--card);border:1px solid var(--line);border-radius:12px}
    .scroll{margin-top:10px;overflow-x:auto}
    .scroll:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
    table{width:100%;border-collapse:collapse;font-size:14px;line-height:1.4;font-variant-numeric:tabular-nums}
    th,td{padding:7px 0 7px 18px;text-align:right;vertical-align:top;white-space:nowrap;border-bottom:1px solid var(--grid)}
    th:first-child,td:first-child{padding-left:0}
    tbody tr:last-child td{border-bottom:0}
    th{color:var(--soft);font-weight:500;vertical-align:bottom;border-bottom-color:var(--line)}
    th.w,td.w{text-align:left}
    td.wrap,th.wrap{white-space:normal;text-align:left;min-width:16ch}
    td.first{font-weight:650}
    tr.off td{color:var(--soft)}
    tr.sum td{border-top:1px solid var(--line);font-weight:600}
    small{display:block;color:var(--soft);font-size:12px;font-weight:400}
    .note{margin:10px 0 0;max-width:84ch;color:var(--soft);font-size:13.5px}
    details{margin:0 0 20px}
    summary{padding:8px 0 14px;color:var(--accent);cursor:pointer}
    svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--soft);\
    font-variant-numeric:tabular-nums}
    svg .a{fill:var(--soft)}
    svg .h{font-weight:600;fill:var(--ink);font-size:13px}
    svg .q{font-size:11px}
    svg .c{fill:var(--c);font-weight:500}
    svg .c,svg .q{paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
    .gr{stroke:var(--grid)}
    .ax,.zero{stroke:var(--quiet)}
    .zero{stroke-width:1.5}
    .iv{fill:none;stroke:var(--c);stroke-width:2}
    .bd{stroke:var(--quiet);stroke-dasharray:2 3}
    .rf{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:5 3}
    .s{--c:var(--quiet)}
    \((0..<Palette.light.count).map { ".s\($0){--c:var(--s\($0))}" }.joined())
    .l{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
    .d{stroke-width:1.5;stroke-dasharray:4 4}
    .f{stroke-width:1;opacity:.6}
    .sq .l{stroke-width:1.5}
    .ld{fill:none;stroke:var(--c);stroke-width:1;opacity:.45}
    .m{fill:var(--c);stroke:var(--card);stroke-width:1.5}
    .m.o{fill:var(--card);stroke:var(--c);stroke-width:2}
    .sq .m{opacity:.55;stroke:none}
    .e{stroke:var(--c);stroke-width:1.5}
    .b{fill:var(--c)}
    .w{stroke:var(--ink);stroke-width:1.5}
    footer{max-width:1120px;margin:40px auto 0;padding:16px 24px 48px;color:var(--soft);font-size:13px}
    @media (max-width:900px){.figures{grid-template-columns:minmax(0,1fr)}}
    @media (max-width:640px){
    header,main{padding:0 14px}header{padding-top:28px}h1{font-size:29px}h2{font-size:21px}
    .verdict{padding:16px 16px 4px}.verdict dl div{grid-template-columns:1fr;gap:0}
    figure,.table{padding:14px 14px 10px;border-radius:10px}
    figure>.full,figure>.half{display:none}.narrow{display:block!important}
    td:first-child,th:first-child{position:sticky;left:0;background:var(--card);padding-right:8px}}
    @media print{body{background:#fff}figure,.table,.verdict{break-inside:avoid}nav{display:none}}
    """
