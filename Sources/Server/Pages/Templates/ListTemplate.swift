/// The list of pipelines, newest first.
enum ListTemplate {
    static let text = """
        <h1>Pipelines{{#repository}} of {{repository}}{{/repository}}</h1>
        {{^rows}}<p class="quiet">No pipelines yet. Push something, or run <code>pawl run REPOSITORY</code>.</p>{{/rows}}
        <ol class="rows">
        {{#rows}}
        <li><a class="row" href="{{link}}">
        <span class="mark {{tone}}"><span aria-hidden="true">{{sign}}</span> {{word}}</span>
        <span class="main"><strong>{{title}}</strong>
        <span class="quiet">{{repository}} #{{id}} · <code>{{commit}}</code> · {{ref}}</span></span>
        <span class="side"><span>{{duration}}</span> <time datetime="{{isoTime}}">{{time}}</time></span>
        </a></li>
        {{/rows}}
        </ol>
        {{#older}}<nav><a href="{{older}}">older</a></nav>{{/older}}
        """
}
