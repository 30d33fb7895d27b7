import Foundation
import PipelineModel
import Testing

@testable import pawl

@Suite struct SettingsTests {
    @Test("paths of a settings file are whole, wherever the server is started and however the file is named")
    func absolute() async throws {
        let folder = try TestFolder()
        try folder.write("pawl.yml", "server: {listen: '127.0.0.1:0'}\nrunner: {docker-socket: run/docker.sock}\n")
        let steps = FileManager.default.currentDirectoryPath.split(separator: "/").count
        let relative = String(repeating: "../", count: steps) + folder.path.dropFirst() + "/pawl.yml"
        for path in [folder.path + "/pawl.yml", relative] {
            let settings = try await Settings.read(file: path, environment: [:])
            #expect(settings.server.data == folder.path)
            #expect(settings.runner.dockerSocket == folder.path + "/run/docker.sock")
        }
    }

    @Test("a client file that leads to another server is left alone unless a person says otherwise")
    func clientFile() throws {
        let folder = try TestFolder()
        let path = folder.path + "/pawl/client.json"
        func token() throws -> String? {
            try ClientSettings.find(server: nil, environment: ["PAWL_CLIENT_FILE": path]).token.revealed
        }
        let first = ClientSettings.File(server: "http://127.0.0.1:8470", token: "pawl_1")
        #expect(try first.offer(to: path, replacing: false).written == path)
        var again = first
        again.token = "pawl_2"
        #expect(try again.offer(to: path, replacing: false).written == path)
        #expect(try token() == "pawl_2")
        let other = ClientSettings.File(server: "http://127.0.0.1:9999", token: "pawl_3")
        let kept = try other.offer(to: path, replacing: false)
        #expect(kept.written == nil && kept.kept == path)
        #expect(try token() == "pawl_2")
        #expect(try other.offer(to: path, replacing: true).written == path)
        #expect(try token() == "pawl_3")
        #expect(try other.offer(to: nil, replacing: false).written == nil)
    }

    @Test("a tariff needs a currency, and prices that are prices")
    func tariff() async throws {
        let folder = try TestFolder()
        let path = folder.path + "/pawl.yml"
        let prices = "gpu-prices: [a]\ngpu-price: {a: {model: A100, hour: 0.9}}\n"
        try folder.write("pawl.yml", prices + "tariff: {currency: EUR, gpu-hour: 0.6, kwh: 0.3}\n")
        let tariff = try #require(try await Settings.read(file: path, environment: [:]).tariff)
        #expect(
            tariff
                == Tariff(
                    currency: "EUR", gpuHour: 0.6, models: [.init(model: "A100", hour: 0.9)], kilowattHour: 0.3))
        for (text, problem) in [
            (prices, "tariff.currency is missing"), ("tariff: {currency: '<b>'}\n", "up to 8 letters"),
            ("tariff: {currency: EUR, kwh: -1}\n", "above 0"),
            ("gpu-prices: [x]\ntariff: {currency: EUR}\n", "are both needed"),
        ] {
            try folder.write("pawl.yml", text)
            await #expect {
                _ = try await Settings.read(file: path, environment: [:])
            } throws: { error in
                (error as? SettingsError)?.problems.contains { $0.contains(problem) } ?? false
            }
        }
    }

    @Test("docs/settings.md has every setting with its meaning, and no other")
    func reference() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("docs/settings.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
        #expect(
            rows.map(String.init) == (SettingsKey.all + SettingsKey.ofMachine).map { "| `\($0.key)` | \($0.meaning) |" }
        )
    }

    @Test("making a data folder where one is, is refused and not merely failed")
    func initTwice() async throws {
        let folder = try TestFolder()
        let arguments = ["init", "--data", folder.path + "/data", "--client-file", "none", "--json"]
        #expect(await Pawl.run(arguments: arguments) == .done)
        #expect(await Pawl.run(arguments: arguments) == .refused)
    }
}
