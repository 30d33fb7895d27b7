import PipelineModel

extension MachineInventory {
    /// How long a reading of what devices draw is good for: several attempts read at once.
    private static let powerGoodFor = Duration.seconds(2)

    /// What each GPU draws now, in watts, by its own name. One that does not say is missing.
    public func power() async -> [String: Double] {
        if let read = lastPower, now() - read.at < Self.powerGoodFor { return read.watts }
        let watts = await readPower()
        lastPower = (watts, now())
        return watts
    }

    private func readPower() async -> [String: Double] {
        if let file = settings.declaredGPUs { return (try? DeclaredGPUs.power(file)) ?? [:] }
        guard command.isInstalled, let answer = try? await command.answer(NvidiaSMI.powerQuery) else { return [:] }
        return NvidiaSMI.power(answer.text)
    }
}

extension NvidiaSMI {
    /// What to ask of each device to know what it draws.
    static let powerQuery = ["--query-gpu=uuid,power.draw", "--format=csv,noheader,nounits"]

    /// Reads the answer to `powerQuery`, in watts. A card that has no meter answers with words.
    static func power(_ text: String) -> [String: Double] {
        var watts: [String: Double] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let fields = line.split(separator: ",").map(\.trimmingSpaces)
            guard fields.count == 2, let drawn = Double(fields[1]), drawn.isFinite, (0...10_000).contains(drawn) else {
                continue
            }
            watts[fields[0]] = drawn
        }
        return watts
    }
}
