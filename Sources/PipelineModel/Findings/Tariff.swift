/// What time on machines costs, as an administrator states it. Nothing is charged by it: it puts what was used into an amount
/// that people compare.
public struct Tariff: Hashable, Sendable {
    /// The currency, such as `EUR`.
    public var currency: String
    /// An hour of a GPU whose model has no price of its own; nil where that costs nothing.
    public var gpuHour: Double?
    /// An hour of a GPU by its model. The first that fits is taken.
    public var models: [Model]
    /// An hour of a processor at work.
    public var cpuHour: Double?
    /// A kilowatt-hour of what was measured.
    public var kilowattHour: Double?

    /// The price of one model.
    public struct Model: Hashable, Sendable {
        /// What the model's name has in it, whatever its case: `A100`.
        public var model: String
        /// An hour of it.
        public var hour: Double

        /// Puts a price on a model.
        public init(model: String, hour: Double) {
            self.model = model
            self.hour = hour
        }
    }

    /// States prices.
    public init(
        currency: String, gpuHour: Double? = nil, models: [Model] = [], cpuHour: Double? = nil,
        kilowattHour: Double? = nil
    ) {
        self.currency = currency
        self.gpuHour = gpuHour
        self.models = models
        self.cpuHour = cpuHour
        self.kilowattHour = kilowattHour
    }

    /// What an attempt costs that used so much and had these GPUs.
    public func cost(of usage: AttemptUsage, gpus: [GrantedGPU]) -> Cost {
        let hours = Double(usage.wallMs) / 3_600_000
        let devices = gpus.reduce(0.0) { $0 + hours * (price(of: $1.model) ?? 0) }
        let processors = Double(usage.cpuMs ?? 0) / 3_600_000 * (cpuHour ?? 0)
        let energy = (usage.kilowattHours ?? 0) * (kilowattHour ?? 0)
        let millionths = ((devices + processors + energy) * 1e6).rounded()
        return Cost(millionths: Int64(min(millionths, 1e15)), currency: currency)
    }

    private func price(of model: String) -> Double? {
        let name = model.lowercased()
        return models.first { name.contains($0.model.lowercased()) }?.hour ?? gpuHour
    }
}

/// An amount of money.
public struct Cost: Hashable, Codable, Sendable {
    /// Millionths of the currency's unit.
    public var millionths: Int64
    /// The currency, such as `EUR`.
    public var currency: String

    /// Names an amount.
    public init(millionths: Int64, currency: String) {
        self.millionths = millionths
        self.currency = currency
    }
}
