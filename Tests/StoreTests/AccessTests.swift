import PipelineModel
import Testing

@testable import Store

@Suite struct AccessTests {
    @Test("a job sees the secrets of its scope alone, and a fork's none")
    func secretScopes() async throws {
        let test = try await TestStore()
        let store = test.store
        let id = test.repository.id
        let secrets: [(SecretDescription, UInt8)] = [
            (SecretDescription(name: "KEY"), 1),
            (SecretDescription(name: "KEY", environment: "production"), 2),
            (SecretDescription(name: "GUARDED", protectedOnly: true), 3),
        ]
        for (secret, byte) in secrets { try await store.setSecret(secret, of: id, sealed: [byte], now: at(0)) }
        func seen(_ isProtected: Bool, _ isFork: Bool, _ environment: String?) async throws -> [[UInt8]] {
            try await store.secrets(
                of: id, for: PipelineTrust(isProtected: isProtected, isFork: isFork), environment: environment
            ).map(\.sealed)
        }
        #expect(try await seen(true, false, nil) == [[3], [1]])
        #expect(try await seen(true, false, "production") == [[3], [2]])
        #expect(try await seen(false, false, nil) == [[1]])
        #expect(try await seen(true, true, nil).isEmpty)
        try await store.setSecret(SecretDescription(name: "KEY"), of: id, sealed: [9], now: at(1))
        #expect(try await seen(false, false, nil) == [[9]])
        #expect(try await store.removeSecret(name: "KEY", environment: nil, of: id))
        #expect(try await !store.removeSecret(name: "KEY", environment: nil, of: id))
    }

    @Test("a revoked token is no token")
    func tokens() async throws {
        let test = try await TestStore()
        let id = try await test.store.addToken(name: "mira", hash: [1, 2], scope: .run, now: at(0))
        #expect(try await test.store.token(hash: [1, 2], now: at(1))?.scope == .run)
        #expect(try await test.store.tokens().first?.lastUsedAt == at(1))
        #expect(try await test.store.token(hash: [1], now: at(1)) == nil)
        try await test.store.revokeToken(id, now: at(2))
        #expect(try await test.store.token(hash: [1, 2], now: at(3)) == nil)
        #expect(TokenScope.read < .run && TokenScope.run < .admin)
    }

    @Test("a hook speaks for the repositories it is bound to, and keeps its old secret through one rotation")
    func hooks() async throws {
        let test = try await TestStore()
        let store = test.store
        let hook = try await store.addHook(
            forge: "github", name: "main", sealedSecret: [1], remoteIDs: [7], now: at(0))
        await expectError(.invalid) {
            _ = try await store.addHook(forge: "github", name: "main", sealedSecret: [1], remoteIDs: [], now: at(0))
        }
        try await store.bindHook(hook.id, to: 8)
        try await store.bindHook(hook.id, to: 8)
        try await store.rotateHook(hook.id, to: [2])
        let found = try #require(try await store.hook(forge: "github", name: "main"))
        #expect(found.remoteIDs == [7, 8])
        #expect(found.sealedSecret == [2] && found.previousSealedSecret == [1])
        // A delivery that another secret proved says nothing about this one.
        try await store.proveHook(hook.id, by: [1], keeping: [1])
        #expect(try await store.hook(forge: "github", name: "main") == found)
        try await store.proveHook(hook.id, by: [2], keeping: [3])
        let proved = try #require(try await store.hook(forge: "github", name: "main"))
        #expect(proved.isProved && proved.sealedSecret == [3] && proved.previousSealedSecret == nil)
        try await store.removeHook(hook.id)
        #expect(try await store.hook(forge: "github", name: "main") == nil)
    }

    @Test("settings stored by an older version are filled in with defaults")
    func oldSettings() async throws {
        let test = try await TestStore()
        try await test.store.database.write { connection in
            try connection.execute("UPDATE repository SET settings = '{\"statusJobLimit\": 5}'")
        }
        let settings = try await test.store.repository(forge: "github", remoteID: 7)?.settings
        #expect(settings == RepositorySettings(statusJobLimit: 5))
    }

    @Test("a repository that a forge renamed keeps its settings and number")
    func renamed() async throws {
        let test = try await TestStore()
        try await test.store.setSettings(RepositorySettings(isEnabled: false), of: test.repository.id)
        var reference = TestStore.churn
        reference.name = "ml/retention"
        let again = try await test.store.addRepository(reference, now: at(1))
        #expect(again.id == test.repository.id)
        #expect(!again.settings.isEnabled)
        #expect(try await test.store.repositories(named: "retention").map(\.id) == [again.id])
    }
}
