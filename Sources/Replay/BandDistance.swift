/// How far two bands are from each other when a policy replaces another.
public enum BandDistance {
    /// The number of bands upwards from one to the other, by the names of `new` or, if it lacks one, of `old`, both from
    /// the lowest band on; nil if neither has both.
    public static func steps(from before: String, to after: String, _ old: [String], _ new: [String]) -> Int? {
        for order in [new, old] {
            if let start = order.firstIndex(of: before), let end = order.firstIndex(of: after) { return end - start }
        }
        return nil
    }
}
