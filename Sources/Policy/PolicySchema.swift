/// The JSON Schema (2020-12) of policy documents, for editors. `standing policy check` finds more errors, in
/// expressions, contexts and protected attributes.
public enum PolicySchema {
    /// The source of the schema. `deploy/policies/policy.schema.json` is the same text, byte for byte.
    public static let text = document + definitions

    /// The keys of a document.
    private static let document = #"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "A Standing policy",
          "description": "Rules, measures, bands, perks and sanctions: what each event is worth, and what follows from a score. `standing policy check` also checks expressions, that evidence never crosses dimensions, and protected attributes; `standing policy explain` says it in plain sentences; `standing policy test` runs cases.",
          "type": "object",
          "required": ["policy", "version", "score", "dimensions", "rules", "bands"],
          "additionalProperties": false,
          "properties": {
            "policy": {
              "description": "The policy's name: lower-case letters, digits and hyphens, a letter first.",
              "type": "string",
              "pattern": "^[a-z][a-z0-9-]*$",
              "maxLength": 128
            },
            "version": {
              "description": "Counts up with every change of the policy.",
              "type": "integer",
              "minimum": 1,
              "maximum": 9223372036854775807
            },
            "early": {
              "description": "How long an event that is read before its subject's enrolment waits for it, and a void for its event: minutes, hours or days, at most 7 days. Default: 1 hour.",
              "type": "string",
              "pattern": "^0*([0-9]{1,4}|100[0-7][0-9]|10080) minutes?$|^0*([0-9]{1,2}|1[0-5][0-9]|16[0-8]) hours?$|^0*[0-7] days?$",
              "default": "1 hour"
            },
            "score": {
              "description": "Where everyone starts, and the range that a score never leaves: min <= base <= max.",
              "type": "object",
              "required": ["base", "min", "max"],
              "additionalProperties": false,
              "properties": {
                "base": {"description": "The score of a subject without any points.", "$ref": "#/$defs/points"},
                "min": {"description": "No score is less.", "$ref": "#/$defs/points"},
                "max": {"description": "No score is more.", "$ref": "#/$defs/points"}
              }
            },
            "kinds": {
              "description": "Whom the policy scores. Default: individuals, businesses and officials.",
              "$ref": "#/$defs/kinds"
            },
            "dimensions": {
              "description": "The contexts, by name. Evidence and sanctions never cross them: an event type counts in one dimension only.",
              "type": "object",
              "minProperties": 1,
              "maxProperties": 64,
              "propertyNames": {"$ref": "#/$defs/name"},
              "additionalProperties": {
                "description": "The clamp of the dimension's points. Default: unbounded.",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                  "min": {"description": "The dimension's points count as no less.", "$ref": "#/$defs/points"},
                  "max": {"description": "The dimension's points count as no more.", "$ref": "#/$defs/points"}
                }
              }
            },
            "constants": {
              "description": "Values with a name, constant.<name> in every expression: an int, a double, a text, true or false, or a list of them.",
              "type": ["object", "null"],
              "maxProperties": 256,
              "propertyNames": {"$ref": "#/$defs/field"},
              "additionalProperties": {
                "oneOf": [
                  {"$ref": "#/$defs/constant"},
                  {"type": "array", "maxItems": 1024, "items": {"$ref": "#/$defs/constant"}}
                ]
              },
              "examples": [{"strikes": 3, "gold_tiers": ["gold", "platinum"]}]
            },
            "attributes": {
              "description": "What the rules know of a subject beside events, attribute.<name> in every expression: from data.attributes of its last enrolment. What is absent or of another type cannot be read; has(attribute.<name>) tells.",
              "type": ["object", "null"],
              "maxProperties": 64,
              "propertyNames": {"$ref": "#/$defs/field"},
              "additionalProperties": {
                "description": "The attribute's type. An int is accepted as a double; a timestamp is an RFC 3339 text.",
                "enum": ["int", "double", "string", "bool", "timestamp"]
              },
              "examples": [{"tier": "string", "fleet": "int"}]
            },
            "measures": {
              "description": "Numbers about a subject beside points, measure.<id> in rules without event, in sanctions by level of the same dimension, and in perks.",
              "type": ["array", "null"],
              "maxItems": 256,
              "items": {"$ref": "#/$defs/measure"}
            },
            "rules": {
              "description": "What events, or measures, are worth. Every rule that names an event's type is applied to it.",
              "type": "array",
              "maxItems": 1024,
              "items": {"$ref": "#/$defs/rule"}
            },
            "bands": {
              "description": "Names of score ranges, rising; the first must cover score.min.",
              "type": "array",
              "minItems": 1,
              "maxItems": 64,
              "items": {"$ref": "#/$defs/band"}
            },
            "perks": {
              "description": "What a good standing brings.",
              "type": "array",
              "maxItems": 256,
              "items": {"$ref": "#/$defs/perk"}
            },
            "sanctions": {
              "description": "What adverse evidence brings. Only a new adverse event can impose one, and every one has a term.",
              "type": "array",
              "maxItems": 256,
              "items": {"$ref": "#/$defs/sanction"}
            },
            "appeals": {
              "description": "What an appeal against a sanction does.",
              "type": "object",
              "additionalProperties": false,
              "properties": {
                "stay": {
                  "description": "Whether nothing is blocked while an appeal is undecided. Default: true.",
                  "type": "boolean",
                  "default": true
                },
                "decide-within": {
                  "description": "An appeal that is not decided by then lapses in the subject's favour. Default: 30 days.",
                  "$ref": "#/$defs/term",
                  "default": "30 days"
                }
              }
            },
            "harm-budget": {
              "description": "What activating a policy may cost those who are scored: `standing policy activate` refuses one that breaks the budget of the active policy or its own.",
              "type": "object",
              "additionalProperties": false,
              "properties": {
                "lose-band": {
                  "description": "Share of the subjects who may fall to a lower band.",
                  "$ref": "#/$defs/share"
                },
                "lose-points": {
                  "description": "Share of the subjects who may lose points.",
                  "$ref": "#/$defs/share"
                },
                "lose-perk": {
                  "description": "Share of the subjects who may lose a perk.",
                  "$ref": "#/$defs/share"
                },
                "largest-loss": {
                  "description": "Points that one subject may lose.",
                  "type": "integer",
                  "minimum": 0,
                  "maximum": 2147483648
                },
                "new-sanctions": {
                  "description": "Sanctions that would be on subjects, had the policy always been active, and are not.",
                  "type": "integer",
                  "minimum": 0
                }
              }
            }
          },

        """#
}
