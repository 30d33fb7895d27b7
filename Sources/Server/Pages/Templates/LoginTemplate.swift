/// The login, with a token.
enum LoginTemplate {
    static let text = """
        <section class="narrow">
        <h1>Log in</h1>
        {{#problem}}<p class="note" role="alert">{{problem}}</p>{{/problem}}
        <form method="post" action="/login">
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
        <input type="hidden" name="next" value="{{next}}">
        <button>Log in</button>
        </form>
        <p class="quiet">Any token with scope read will do: <code>pawl token create NAME</code>.
        Links in commit statuses need none.</p>
        </section>
        """
}

/// A page that only says something.
enum MessageTemplate {
    static let text = """
        <section class="narrow"><h1>{{heading}}</h1><p>{{message}}</p></section>
        """
}
