import Evaluation
import PipelineModel

/// What was used, in words: the same in the terminal, on a page and in a report.
public enum SpentWords {
    /// `0.81 GPU-hours`, `0.25 kWh`, `0.73 EUR`, `1m 01s of CPU`, `24m 20s on runners`, `peak 17 GiB`, leaving out what is
    /// not known.
    public static func parts(_ usage: AttemptUsage, withGPU: Bool) -> [String] {
        var words: [String] = []
        if withGPU { words.append("\(GPUTime.text(ofHours: usage.gpuHours)) GPU-hours") }
        if let energy = usage.kilowattHours { words.append("\(NumberText.of(energy, decimals: 2)) kWh") }
        if let cost = usage.cost { words.append(amount(cost)) }
        if let cpu = usage.cpuMs { words.append("\(Duration.milliseconds(cpu).text) of CPU") }
        words.append("\(Duration.milliseconds(usage.wallMs).text) on runners")
        if let peak = usage.peakMemory { words.append("peak \(peak.memoryText)") }
        return words
    }

    /// `0.73 EUR`
    public static func amount(_ cost: Cost) -> String {
        let amount = Double(cost.millionths) / 1e6
        // A first attempt on a processor costs less than a hundredth, and has not been free.
        return "\(NumberText.of(amount, decimals: amount > 0 && amount < 0.01 ? 4 : 2)) \(cost.currency)"
    }
}

extension PipelineDetailView {
    /// What all attempts used together; nil while none has ended that began.
    public var usage: AttemptUsage? { AttemptUsage.sum(jobs.flatMap(\.attempts).compactMap(\.usage)) }
}

extension PipelineDetailView.Node {
    /// What all attempts at its jobs used together; nil while none has ended that began.
    public var usage: AttemptUsage? { AttemptUsage.sum(jobs.flatMap(\.attempts).compactMap(\.usage)) }

    /// The peak of memory and the GPU time, with commas in front: `, peak 17 GiB, 0.81 GPU-hours`. Empty where it had no
    /// GPUs.
    public var usageWords: String {
        guard let usage, usage.gpuMs > 0 else { return "" }
        let peak = usage.peakMemory.map { ", peak \($0.memoryText)" } ?? ""
        return "\(peak), \(GPUTime.text(ofHours: usage.gpuHours)) GPU-hours"
    }
}
