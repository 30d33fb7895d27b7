import Testing

/// What has to hold when things die at the worst moments, seen with a real server, a real engine and real pushes. One
/// after the other: each needs the machine's time.
@Suite("crashes", .needsDocker, .leavesNoFence, .serialized)
enum CrashTests {}
