import Foundation
import PipelineModel

extension Terminal {
    /// A time of day with seconds, by the local clock: `14:03:04`.
    func time(_ moment: Timestamp) -> String {
        let parts = localParts(moment)
        return [parts.tm_hour, parts.tm_min, parts.tm_sec].map { $0 < 10 ? "0\($0)" : "\($0)" }
            .joined(separator: ":")
    }

    /// A time of day, with the date before it when it is not the day of `now`: `5 Nov 14:03:04`.
    func moment(_ moment: Timestamp, now: Timestamp) -> String {
        let (then, today) = (localParts(moment), localParts(now))
        if (then.tm_year, then.tm_yday) == (today.tm_year, today.tm_yday) { return time(moment) }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let year = then.tm_year == today.tm_year ? "" : " \(Int(then.tm_year) + 1900)"
        return "\(then.tm_mday) \(months[Int(then.tm_mon) % 12])\(year) \(time(moment))"
    }

    private func localParts(_ moment: Timestamp) -> tm {
        var seconds = time_t(moment.milliseconds / 1_000 + secondsAheadOfUTC(moment))
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return parts
    }
}

extension ByteCount {
    /// The amount as people read it: `184 KB`, `6.1 KB`, `512 B`, in powers of 1000.
    var text: String {
        let units = ["KB", "MB", "GB", "TB"]
        guard bytes >= 1_000 else { return "\(bytes) B" }
        var tenths = (bytes + 50) / 100
        var unit = 0
        while tenths >= 10_000, unit < units.count - 1 {
            tenths = (tenths + 500) / 1_000
            unit += 1
        }
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) \(units[unit])" : "\((tenths + 5) / 10) \(units[unit])"
    }
}
