# SPDX-License-Identifier: Apache-2.0
# What do other files need to know about a function?

output "arn" {
  description = "Of the function."
  value       = aws_lambda_function.this.arn
}

output "name" {
  description = "Of the function."
  value       = aws_lambda_function.this.function_name
}

output "role" {
  description = "Name of its role."
  value       = aws_iam_role.this.name
}

output "encryption" {
  description = "What it may do with the key of the store, as a policy."
  value       = data.aws_iam_policy_document.encryption.json
}
