// How resources are named after the functions, queues and alarms of this service.

const capital = (name) => name[0].toUpperCase() + name.slice(1);

/** rotate-token: RotateToken. */
const pascal = (name) => name.split('-').map(capital).join('');

/** The framework's name of a function in the template, without the kind of resource behind it. */
const functionId = (name) => capital(name).replaceAll('-', 'Dash');

module.exports = { capital, functionId, pascal };
