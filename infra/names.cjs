// How resources are named after the functions, queues and alarms of this service.

function capital(name) {
  return name[0].toUpperCase() + name.slice(1);
}

/** rotate-token: RotateToken. */
function pascal(name) {
  return name.split('-').map(capital).join('');
}

/** The framework's name of a function in the template, without the kind of resource behind it. */
function functionId(name) {
  return capital(name).replaceAll('-', 'Dash');
}

module.exports = { capital, functionId, pascal };
