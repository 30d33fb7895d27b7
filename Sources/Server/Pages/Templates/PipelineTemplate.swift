/// A pipeline: the part of its page that changes while it runs.
enum PipelineTemplate {
    static let text = """
        <section class="head">
        <p class="mark big {{tone}}"><span aria-hidden="true">{{sign}}</span> {{word}} <span class="quiet">{{duration}}</span></p>
        <h1>{{title}}</h1>
        <p class="facts"><span>{{repository}} #{{id}}</span> <code>{{commit}}</code> <span>{{ref}}</span>
        {{#pullRequest}}<span>!{{pullRequest}}</span>{{/pullRequest}}
        <span class="quiet">{{history}}</span></p>
        {{#note}}<p class="note">{{note}}</p>{{/note}}
        </section>
        {{#hasJobs}}
        <section aria-label="Jobs">
        <ol class="rows">
        {{#jobs}}
        <li><a class="row" href="{{link}}">
        <span class="mark {{tone}}"><span aria-hidden="true">{{sign}}</span> {{word}}</span>
        <span class="main"><strong>{{name}}</strong> <span class="quiet">{{text}}</span></span>
        <span class="side"><span>{{duration}}</span> <span>{{runner}}</span></span>
        </a></li>
        {{/jobs}}
        </ol>
        </section>
        {{/hasJobs}}
        {{#hasDiagnostics}}
        <section aria-label="The pipeline file">
        <h2>The pipeline file</h2>
        {{#diagnostics}}
        <div class="diagnostic">
        <p><span class="mark {{tone}}">{{severity}}</span> {{#place}}<code>{{place}}</code> {{/place}}{{message}}</p>
        {{#line}}<pre class="source"><code>{{before}}<mark>{{meant}}</mark>{{after}}</code></pre>{{/line}}
        </div>
        {{/diagnostics}}
        </section>
        {{/hasDiagnostics}}
        """
}
