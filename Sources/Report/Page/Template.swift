/// The page's frame. Everything in double braces is escaped; triple braces hold drawings and the style sheet.
///
/// The policy in its head forbids every request, so that the page cannot need one without a browser saying so.
let reportTemplate = """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
    <title>{{pageTitle}}</title>
    <link rel="icon" href="data:,">
    <style>{{{styleSheet}}}</style>
    </head>
    <body>
    <header>
    <p class="kicker">Pruning and search, compared</p>
    <h1>{{pageTitle}}</h1>
    <p class="lead">{{pageLead}}</p>
    <nav aria-label="Sections"><ul>{{#sections}}<li><a href="#{{id}}">{{title}}</a></li>{{/sections}}</ul></nav>
    </header>
    <main>
    <section id="verdict" class="verdict">
    <h2>What follows</h2>
    <dl>
    {{#findings}}
    <div class="{{style}}"><dt>{{topic}}</dt><dd>{{text}}</dd></div>
    {{/findings}}
    </dl>
    </section>
    {{#sections}}
    <section id="{{id}}">
    <h2>{{title}}</h2>
    {{#.lead}}<p class="lead">{{.}}</p>{{/.lead}}
    <div class="figures">
    \(figureTemplate)
    </div>
    {{#tables}}
    <div class="table">
    <h3>{{caption}}</h3>
    <div class="scroll" tabindex="0" role="region" aria-label="{{caption}}">
    <table>
    <thead><tr>{{#head}}<th scope="col" class="{{style}}">{{text}}{{#.detail}}<small>{{.}}</small>{{/.detail}}</th>{{/head}}</tr></thead>
    <tbody>
    {{#rows}}
    <tr class="{{style}}">{{#cells}}<td class="{{style}}">{{#.mark}}{{{.}}}{{/.mark}}{{text}}{{#.detail}}<small>{{.}}</small>{{/.detail}}</td>{{/cells}}</tr>
    {{/rows}}
    </tbody>
    </table>
    </div>
    {{#.note}}<p class="note">{{.}}</p>{{/.note}}
    </div>
    {{/tables}}
    {{#.more}}
    <details>
    <summary>{{title}}</summary>
    <div class="figures">
    \(figureTemplate)
    </div>
    </details>
    {{/.more}}
    {{#notes}}<p class="note">{{.}}</p>{{/notes}}
    </section>
    {{/sections}}
    </main>
    </body>
    </html>

    """

/// A figure with its drawings, of which the style sheet shows the one that fits.
private let figureTemplate = """
    {{#figures}}
    <figure class="{{style}}">
    <figcaption><h3>{{title}}</h3>{{#.caption}}<p>{{.}}</p>{{/.caption}}</figcaption>
    <ul class="legend">{{#legend}}<li>{{{mark}}}{{name}}</li>{{/legend}}</ul>
    {{#drawings}}{{{.}}}{{/drawings}}
    </figure>
    {{/figures}}
    """
