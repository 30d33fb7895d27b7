/// The page around every page.
enum FrameTemplate {
    static let text = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{{title}}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/assets/pawl.css">
        {{#isLive}}<noscript><meta http-equiv="refresh" content="10"></noscript>
        <script nonce="{{nonce}}" src="/assets/live.js" defer></script>{{/isLive}}
        </head>
        <body>
        <header class="top">
        <a class="brand" href="/pipelines">pawl</a>
        {{#reader}}<form method="post" action="/logout"><span class="quiet">{{reader}}</span> <button>log out</button></form>{{/reader}}
        </header>
        <main>
        {{{content}}}
        </main>
        </body>
        </html>
        """
}
