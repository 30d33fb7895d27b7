/// A ratchet's tooth and the pawl that holds it.
enum Icon {
    static let text = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#2f6f5e"/>\
        <path d="M5 25h6v-6h6v-6h6V7h4" fill="none" stroke="#fff" stroke-width="3" stroke-linejoin="round"/>\
        <circle cx="10" cy="10" r="3" fill="#ffd479"/></svg>
        """
}
