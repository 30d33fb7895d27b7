import PipelineModel

extension Tariff {
    /// The tariff of a settings file; nil where it names no currency.
    init?(_ reader: SettingsReader) {
        let prices = ["tariff.gpu-hour", "tariff.cpu-hour", "tariff.kwh"].map(reader.double)
        let models = reader.list("gpu-prices").compactMap { name -> Model? in
            let prefix = "gpu-price.\(name)."
            guard let model = reader.string(prefix + "model"), let hour = reader.double(prefix + "hour") else {
                reader.problem("\(prefix)model and \(prefix)hour are both needed")
                return nil
            }
            return Model(model: model, hour: hour)
        }
        guard let currency = reader.string("tariff.currency") else {
            if !models.isEmpty || prices.contains(where: { $0 != nil }) {
                reader.problem("tariff.currency is missing: prices need one, such as EUR")
            }
            return nil
        }
        if currency.count > 8 || !currency.allSatisfy({ $0.isLetter || $0.isCurrencySymbol }) {
            reader.problem("tariff.currency is \"\(currency.prefix(40))\".  Write up to 8 letters, such as EUR")
        }
        self.init(
            currency: currency, gpuHour: prices[0], models: models, cpuHour: prices[1], kilowattHour: prices[2])
    }
}
