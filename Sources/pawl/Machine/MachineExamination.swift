import Executors
import Foundation
import PipelineModel
import Server

/// Looks at a machine that is to be a runner, and says what it found in the words of `doctor`.
struct MachineExamination: Sendable {
    let engine: DockerEngine
    let state: String
    let inventory: RunnerInventory
    let data: [(name: String, path: String)]

    /// What was found, in the order people read it.
    func checks() async -> [CheckView] {
        [await engineCheck()] + inventory.gpus.map(gpuCheck) + [memoryCheck(), diskCheck()] + data.map(dataCheck)
    }

    private func engineCheck() async -> CheckView {
        do {
            return CheckView("engine", .good, "\(try await engine.version().words), \(engine.socket)")
        } catch {
            return CheckView(
                "engine", .bad, "\(error)", helps: [HelpView("systemctl status docker", "see whether it runs")])
        }
    }

    private func gpuCheck(_ gpu: GPU) -> CheckView {
        let name = gpu.uuid.count > 12 ? "\(gpu.uuid.prefix(8))…" : gpu.uuid
        let text = "\(gpu.model) \(gpu.memory.memoryText), \(name)"
        switch gpu.condition {
        case .usable: return CheckView("GPU \(gpu.index)", .good, "\(text), driver \(gpu.driver), free")
        case .foreign(let words):
            return CheckView("GPU \(gpu.index)", .attention, "\(text), \(words): left alone")
        case .failed(let words): return CheckView("GPU \(gpu.index)", .attention, "\(text), \(words): set aside")
        }
    }

    private func memoryCheck() -> CheckView {
        let size = inventory.memory?.memoryText ?? "of unknown size"
        return CheckView("memory", .good, "\(size); a GPU job's /dev/shm is half of its memory")
    }

    private func diskCheck() -> CheckView {
        let values = try? FileManager.default.attributesOfFileSystem(forPath: state)
        guard let free = (values?[.systemFreeSize] as? NSNumber)?.int64Value else {
            return CheckView("disk", .bad, "\(state) cannot be looked at")
        }
        let text = "\(ByteCount(bytes: free).text) free under \(state)"
        guard free >= ByteCount.gibibytes(20).bytes else {
            return CheckView("disk", .attention, "\(text): images and workspaces fill that soon")
        }
        return CheckView("disk", .good, "\(text); images unused for two weeks are removed")
    }

    private func dataCheck(_ folder: (name: String, path: String)) -> CheckView {
        guard access(folder.path, R_OK | X_OK) == 0 else {
            return CheckView("data", .bad, "\(folder.path) is not there, or not for this account")
        }
        return CheckView("data", .good, "\(folder.path), read-only, offered as \(folder.name)")
    }
}
