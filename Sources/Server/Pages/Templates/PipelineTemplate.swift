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
        {{#report}}
        <section aria-label="Report">
        <p class="verdict">{{headline}}</p>
        {{#gates}}
        {{#node}}<h2>{{node}}</h2>{{/node}}
        <div class="wide"><table>
        <thead><tr><th>metric</th><th class="n">this <code>{{commit}}</code></th><th class="n">{{baseline}}</th>
        <th class="n">change</th><th class="n">interval</th><th>verdict</th></tr></thead>
        <tbody>
        {{#rows}}
        <tr><th scope="row">{{metric}}</th><td class="n">{{value}}</td><td class="n">{{baseline}}</td>
        <td class="n">{{change}}</td><td class="n">{{interval}}</td>
        <td class="{{tone}}"><span aria-hidden="true">{{sign}}</span> {{words}}</td></tr>
        {{/rows}}
        </tbody></table></div>
        <p class="quiet">{{method}}</p>
        {{/gates}}
        {{#cases}}
        <div class="case">
        <p>{{#place}}<code>{{place}}</code> {{/place}}<strong>{{name}}</strong></p>
        <pre class="source"><code>{{message}}</code></pre>
        </div>
        {{/cases}}
        {{#more}}<p class="quiet">and {{more}} more</p>{{/more}}
        {{#hasChanges}}<p class="list"><strong>Changed</strong> {{changes}}</p>{{/hasChanges}}
        {{#hasSame}}<p class="list"><strong>The same</strong> {{same}}</p>{{/hasSame}}
        {{#curves}}<pre class="curves">{{curves}}</pre>{{/curves}}
        {{#tests}}<p class="list">{{tests}}</p>{{/tests}}
        {{#spent}}<p class="list"><strong>{{spent}}</strong></p>{{/spent}}
        </section>
        {{/report}}
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
