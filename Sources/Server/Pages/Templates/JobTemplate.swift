/// A job: the part of its page that changes while it runs. The log stands after it.
enum JobTemplate {
    static let text = """
        <section class="head">
        <p class="quiet"><a href="{{pipelineLink}}">{{repository}} #{{id}}</a> {{pipelineTitle}}</p>
        <p class="mark big {{tone}}"><span aria-hidden="true">{{sign}}</span> {{word}} <span class="quiet">{{duration}}</span></p>
        <h1>{{name}}</h1>
        <p class="facts"><span>stage {{stage}}</span>
        {{#environment}}<span>to {{environment}}</span>{{/environment}}
        {{#needs}}<span>needs {{needs}}</span>{{/needs}}</p>
        {{#text}}<p class="note">{{text}}</p>{{/text}}
        </section>
        {{#tests}}
        <section aria-label="Tests">
        <h2>Tests: {{counts}}{{#time}} <span class="quiet">in {{time}}</span>{{/time}}</h2>
        {{#cases}}
        <div class="case">
        <p>{{#place}}<code>{{place}}</code> {{/place}}<strong>{{name}}</strong></p>
        <pre class="source"><code>{{message}}</code></pre>
        </div>
        {{/cases}}
        {{#more}}<p class="quiet">and {{more}} more</p>{{/more}}
        </section>
        {{/tests}}
        {{#hasRemarks}}
        <ul class="quiet">
        {{#remarks}}
        <li>{{.}}</li>
        {{/remarks}}
        </ul>
        {{/hasRemarks}}
        {{#hasAttempts}}
        <section aria-label="Attempts">
        <h2>Attempts</h2>
        <ol class="rows attempts">
        {{#attempts}}
        <li class="row">
        <span class="mark {{tone}}">{{word}}</span>
        <span class="main"><a href="{{link}}">attempt {{number}}</a> on {{runner}}
        <span class="quiet">{{text}}</span>{{#image}} <code class="quiet">{{image}}</code>{{/image}}</span>
        <span class="side"><span>{{duration}}</span> <time datetime="{{isoTime}}">{{time}}</time></span>
        {{#spent}}<p class="spent quiet">{{spent}}</p>{{/spent}}
        {{#artifacts}}
        <p class="artifact"><a href="{{link}}" download>artifacts, {{size}}</a>
        <span class="quiet">{{files}}: {{paths}}</span></p>
        {{/artifacts}}
        </li>
        {{/attempts}}
        </ol>
        </section>
        {{/hasAttempts}}
        """
}

/// A job's page: what changes, then the log, which only grows.
enum JobPageTemplate {
    static let text = """
        <div id="live" data-live="{{liveLink}}">{{{changing}}}</div>
        {{#hasLog}}
        <section aria-label="Log">
        <h2>Log of attempt {{attempt}} <a class="quiet" href="{{logLink}}">as text</a></h2>
        {{#cut}}<p class="quiet">Only the last {{cut}} are shown here.</p>{{/cut}}
        <pre id="log" tabindex="0">{{{log}}}</pre>
        </section>
        {{/hasLog}}
        """
}
