import Foundation
import NIOConcurrencyHelpers
import PipelineModel
import Testing

@testable import Store

@Suite struct DatabaseTests {
    @Test("the writer waits for the disk at every commit")
    func synchronousIsFull() async throws {
        let test = try await TestStore()
        #expect(try await test.store.database.synchronousSetting() == 2)
    }

    @Test("placeholders are bound by number, in any order and more than once")
    func placeholders() async throws {
        let test = try await TestStore()
        let row = try await test.store.database.read { connection in
            try connection.row("SELECT $2 AS second, $1 AS first, $2 || $1 AS both", "a", "b")
        }
        #expect(try row?.text("second") == "b")
        #expect(try row?.text("first") == "a")
        #expect(try row?.text("both") == "ba")
    }

    @Test("a transaction that throws leaves nothing behind")
    func rollback() async throws {
        let test = try await TestStore()
        await expectError(.refused) {
            try await test.store.database.write { connection in
                try AuditEntry(at: at(0), by: "mira", action: "x", subject: "y").insert(on: connection)
                throw StoreError(.refused, message: "no")
            }
        }
        #expect(try await test.store.auditEntries().isEmpty)
    }

    @Test("one process alone has a data folder")
    func folderLock() async throws {
        let test = try await TestStore()
        let message = await expectError(.inUse) { _ = try await TestStore.open(test.folder) }
        #expect(message.contains("Another pawl"))
    }

    @Test("a database of a newer version is refused and left alone")
    func newerSchema() async throws {
        let test = try await TestStore()
        try await test.store.database.write { connection in
            try connection.execute("INSERT INTO schema_version (number, applied_at) VALUES (999, 0)")
        }
        await expectError(.newerSchema) { try await Migration.migrate(test.store.database, now: at(0)) }
    }

    @Test(
        "every shipped version is taken to the newest, and then again to no effect", arguments: 0...Migration.all.count)
    func migrations(shipped: Int) async throws {
        let path = NSTemporaryDirectory() + "pawl-migration-" + UUID().uuidString
        defer { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) } }
        let database = try SQLiteDatabase(path: path)
        defer { try? database.close() }
        try await Migration.migrate(database, steps: Array(Migration.all.prefix(shipped)), now: at(0))
        #expect(try await Migration.version(of: database) == shipped)
        try await Migration.migrate(database, now: at(1))
        try await Migration.migrate(database, now: at(2))
        #expect(try await Migration.version(of: database) == Migration.all.count)
        #expect(Migration.all.map(\.number) == Array(1...Migration.all.count))
    }

    @Test("a backup is whole and holds what was committed before it; a damaged file is told")
    func backup() async throws {
        let test = try await TestStore()
        let pipeline = try await test.pipeline(plan([("test", [])]))
        let path = test.folder + "/backup.sqlite"
        try await test.store.backup(to: path)
        #expect(try Store.checkBackup(at: path) == Migration.all.count)
        await expectError(.invalid) { try await test.store.backup(to: path) }
        let copy = try SQLiteDatabase(path: path)
        let found = try await copy.read { try $0.row("SELECT id FROM pipeline WHERE id = $1", pipeline) }
        #expect(found != nil)
        try copy.close()
        try Data("not a database at all, but long enough to look at".utf8).write(to: URL(filePath: path))
        await expectError(.corrupt) { _ = try Store.checkBackup(at: path) }
    }

    @Test("a restored backup takes the place of the database, which is kept aside, and not while a server runs")
    func restore() async throws {
        let folder = NSTemporaryDirectory() + "pawl-restore-" + UUID().uuidString
        let backup = folder + ".backup"
        defer { for path in [folder, backup] { try? FileManager.default.removeItem(atPath: path) } }
        let first = try await TestStore.open(folder)
        _ = try await first.addRepository(TestStore.churn, now: at(0))
        try await first.backup(to: backup)
        var later = TestStore.churn
        later.remoteID = 8
        _ = try await first.addRepository(later, now: at(1))
        await expectError(.inUse) { _ = try Store.restoreBackup(at: backup, to: folder, now: at(2)) }
        try first.close()

        let aside = try #require(try Store.restoreBackup(at: backup, to: folder, now: at(2)))
        let second = try await TestStore.open(folder)
        #expect(try await second.repositories().map(\.reference.remoteID) == [7])
        try second.close()
        let former = try SQLiteDatabase(path: aside)
        #expect(try await former.read { try $0.rows("SELECT id FROM repository").count } == 2)
        try former.close()
    }

    @Test("a waiting task hears a signal that came before it waited, and ends when it is cancelled")
    func signals() async {
        let signal = Signal()
        let seen = signal.count
        signal.give()
        await signal.wait(after: seen)
        let waiting = Task { await signal.wait(after: signal.count) }
        waiting.cancel()
        await waiting.value
    }

    @Test("a damaged file ends no job, and is never taken for a row that cannot be read")
    func damagedFile() async throws {
        let folder = NSTemporaryDirectory() + "pawl-damaged-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let whole = try await TestStore.open(folder)
        let repository = try await whole.addRepository(TestStore.churn, now: at(0))
        let new = NewPipeline(
            repository: repository.id, source: .push, ref: "refs/heads/main", commit: "c",
            trust: PipelineTrust(isProtected: true, isFork: false), planning: .planned(plan([("test", [])])))
        _ = try await whole.createPipeline(new, finishing: nil, now: at(0))
        let key = try #require(try await whole.claim(as: "r", tags: [], leaseFor: .seconds(60), now: at(1))).key
        _ = try await whole.acknowledge(key, now: at(1))
        // The table of attempts is said to begin where an index does: SQLite finds the file malformed.
        try await whole.database.write { connection in
            try connection.execute("PRAGMA writable_schema = ON")
            try connection.execute(
                """
                UPDATE sqlite_master SET rootpage = (
                    SELECT other.rootpage FROM sqlite_master AS other WHERE other.name = 'attempt_live')
                WHERE name = 'attempt'
                """)
        }
        try whole.close()

        let store = try await TestStore.open(folder)
        defer { try? store.close() }
        await expectError(.damaged) { try await store.complete(key, with: TestStore.result(at: at(2)), now: at(2)) }
        let state = try await store.database.read { connection in
            try connection.row("SELECT state FROM job WHERE id = $1", key.job)?.text("state")
        }
        #expect(state == "running")
    }

    @Test("a full disk is told in words, takes nothing with it, and is forgotten when there is room")
    func fullDisk() async throws {
        let test = try await TestStore()
        let database = test.store.database
        _ = try await test.delivery(key: "before")
        try await database.write { try $0.execute("PRAGMA max_page_count = 1") }
        let big = String(repeating: "x", count: 1 << 20)
        let message = await expectError(.unavailable) { _ = try await test.delivery(key: "big", body: big) }
        #expect(message.contains("The disk is full"))
        try await database.write { try $0.execute("PRAGMA max_page_count = 1000000") }
        _ = try await test.delivery(key: "after", body: big)
        #expect(try await test.store.deliveries().map(\.key) == ["after", "before"])
    }

    @Test("a change to a pipeline reaches each fault point once, after it is on disk")
    func faultPoints() async throws {
        let reached = NIOLockedValueBox<[FaultPoint]>([])
        let test = try await TestStore(faults: FaultInjector { point in reached.withLockedValue { $0.append(point) } })
        _ = try await test.delivery()
        try await test.pipeline(plan([("test", [])]))
        try await test.run()
        let message = try #require(try await test.store.dueMessages(now: at(9)).first)
        try await test.store.markSent(message.id, now: at(9))
        #expect(
            reached.withLockedValue { $0 }
                == [.deliveryCommitted, .planned, .claimed, .acknowledged, .resultRecorded, .outboxSent])
    }
}
