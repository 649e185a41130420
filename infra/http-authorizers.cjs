// Who may call POST /sync, by HTTP_AUTHORIZER.

const scope = process.env.JWT_SCOPE || 'any';

module.exports = {
  iam: { type: 'aws_iam' },
  jwt: { name: 'jwt', ...(scope !== 'any' && { scopes: scope.split(' ') }) },
};
