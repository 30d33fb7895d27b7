extension Migration {
    /// What attempts found, beside them, for every list of jobs tells it; and what months took and cost.
    static let findings = Migration(number: 11) { _ in
        [
            "ALTER TABLE attempt ADD COLUMN findings TEXT",
            "ALTER TABLE usage_month ADD COLUMN energy_j BIGINT NOT NULL DEFAULT 0",
            // Millionths of a currency's unit. When the currency changes, counting begins anew.
            "ALTER TABLE usage_month ADD COLUMN cost BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE usage_month ADD COLUMN currency TEXT",
        ]
    }
}
