/// The registry that an image comes from, as its name says.
public enum ImageRegistry {
    /// Whether an image comes from one of these registries. A name that cannot be read comes from none.
    public static func isOne(of registries: [String], for image: String) -> Bool {
        guard let reference = ImageReference(image) else { return false }
        let registry = RegistryAuthentication.host(reference.registry)
        return registries.contains { RegistryAuthentication.host($0) == registry }
    }
}
