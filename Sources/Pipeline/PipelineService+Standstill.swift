extension PipelineService {
    /// The longest standstill of a part: a role that does not poll its group, or a worker within one slice. Zero while
    /// nothing has begun.
    public var standstill: Duration {
        let slice = member.slices.oldestSlice.map { ContinuousClock.now - $0 }
        return (Role.allCases.map { member.pipelineStatus.pollAge(of: $0) } + [slice]).compactMap(\.self).max() ?? .zero
    }
}
