import Store

extension Signal {
    /// Waits until the count has passed `seen`, for a time at most. Also ends when the task is cancelled.
    func wait(after seen: UInt64, atMost limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait(after: seen) }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }
}
