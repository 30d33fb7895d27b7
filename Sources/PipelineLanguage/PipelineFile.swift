/// Names and texts of the files that say what a pipeline does.
public enum PipelineFile {
    /// Pawl's own file, read first: GitLab CI's keywords plus `ml:` on a job.
    public static let pawl = ".pawl.yml"
    /// GitLab's file, read where there is no `.pawl.yml`.
    public static let gitLab = ".gitlab-ci.yml"
    /// Both, in the order they are looked for.
    public static let candidates = [pawl, gitLab]
}
