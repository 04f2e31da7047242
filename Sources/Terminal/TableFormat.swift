public import ArgumentParser

public enum TableFormat: String, ExpressibleByArgument, CaseIterable, Sendable { case text, json }
