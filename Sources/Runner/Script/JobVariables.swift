import PipelineModel

/// A job's variables with their final values, and what had to be left out.
struct JobVariables {
    /// What a script sees, secrets among it.
    let all: [(name: String, value: String)]
    /// Secrets that a script sees as files, by name.
    let files: [(name: String, value: String)]
    /// What a person should know about variables that were left out.
    let notes: [String]

    /// Without secrets: for names that are shown.
    private let open: VariableExpansion

    /// The longest value a program can be given on Linux is 128 KiB, its name included.
    private static let valueLimit = 120 << 10

    /// Expands the variables of an assignment.
    /// - Parameters:
    ///   - own: what the runner sets, which wins over all others.
    ///   - filesFolder: where the container has secrets that are files.
    init(_ assignment: Assignment, own: [Variable], filesFolder: String) {
        var notes: [String] = []
        let given = Self.withoutForged(assignment, &notes)
        let secrets = assignment.secrets.filter { secret in
            let isAllowed = ShellText.isName(secret.name) && !Self.isReserved(secret.name)
            if !isAllowed {
                notes.append("The secret \(secret.name.debugDescription) is left out: its name is not allowed.")
            }
            return isAllowed
        }
        let files = secrets.filter { $0.kind == .file }
        let asVariables = secrets.map { secret in
            let value = secret.kind == .file ? "\(filesFolder)/\(secret.name)" : secret.value.revealed
            return Variable(secret.name, value, expands: false)
        }
        let environment = InputEnvironment(of: assignment.job)
        // What a script does not see does not reach it through another variable either.
        let own = own.filter { environment?.showsOwn($0.name) ?? true }
        open = VariableExpansion(given + own)
        let ofRunner = Set(own.map(\.name))
        all = VariableExpansion(given + asVariables + own).all.filter { variable in
            if let environment, !ofRunner.contains(variable.name), !environment.shows(variable.name) { return false }
            guard ShellText.isName(variable.name), !variable.value.utf8.contains(0),
                variable.value.utf8.count <= Self.valueLimit
            else {
                notes.append("The variable \(variable.name.debugDescription) is left out: no program can be given it.")
                return false
            }
            return true
        }
        self.files = files.map { ($0.name, $0.value.revealed) }
        self.notes = notes
    }

    /// A text that is shown, such as an image's name, with its references replaced. Secrets count as unknown in it.
    func expand(_ text: String) -> String { open.expand(text) }

    /// The value of a variable that is no secret.
    subscript(name: String) -> String? { open[name] }

    /// The file that a shell reads first.
    var environmentFile: String {
        all.map { "export \($0.name)=\(ShellText.quoted($0.value))\n" }.joined()
    }

    private static func isReserved(_ name: String) -> Bool { name.hasPrefix("PAWL_") || name.hasPrefix("_pawl_") }

    /// Without variables of Pawl's own names that the repository sets itself: those are Pawl's word.
    private static func withoutForged(_ assignment: Assignment, _ notes: inout [String]) -> [Variable] {
        var left: [String: Int] = [:]
        for variable in assignment.variables where isReserved(variable.name) { left[variable.name, default: 0] += 1 }
        for variable in assignment.job.variables where isReserved(variable.name) {
            left[variable.name, default: 0] -= 1
            notes.append("The variable \(variable.name) of the pipeline file is left out: PAWL_ names are Pawl's own.")
        }
        // Predefined variables come first, so what is left of each name is at the beginning.
        return assignment.variables.filter { variable in
            guard isReserved(variable.name) else { return true }
            left[variable.name, default: 0] -= 1
            return left[variable.name, default: 0] >= 0
        }
    }
}
